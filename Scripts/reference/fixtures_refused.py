"""Hostile and broken checkpoints, each harmless if it were run. All must be refused, none may run or crash anything."""
import struct
import zipfile

from assemble import END, FLOATS, HEADER, archive, dictionary, name, op, program, storage, tensor


def patch(data, signature, offset, value, last=False):
    """Overwrites `value` at `offset` behind the first, or last, record that starts with `signature`."""
    start = (data.rfind if last else data.find)(signature)
    return data[:start + offset] + value + data[start + offset + len(value):]


def code():
    """Pickles that would run something."""
    yield "global_os_system", "GLOBAL os.system, REDUCE", name("os", "system") + b"(" + op("true") + b"tR"
    yield "global_posix_system", "the same by its other module", name("posix", "system") + b"(" + op("true") + b"tR"
    yield "global_eval", "GLOBAL builtins.eval, REDUCE", name("builtins", "eval") + b"(" + op("1") + b"tR"
    yield "global_unused", "os.system named but never called", name("os", "system")
    yield ("stack_global_os_system", "STACK_GLOBAL os.system, REDUCE",
           b"\x8c\x02os\x8c\x06system\x93(" + op("true") + b"tR")
    yield "inst_os_system", "INST os.system", b"(" + op("true") + b"ios\nsystem\n"
    yield "obj_os_system", "OBJ os.system", b"(" + name("os", "system") + op("true") + b"o"
    yield "newobj_popen", "NEWOBJ subprocess.Popen", name("subprocess", "Popen") + b"(" + op(["true"]) + b"t\x81"
    yield "extension", "EXT1, a registered extension", b"\x82\x01"
    yield "persistent_text", "PERSID, a textual storage reference", b"Pstorage\n"
    yield ("torch_other_function", "a function of torch that loads more code",
           name("torch.serialization", "load") + b"(" + op("x") + b"tR")
    yield ("dotted_name", "a dotted name that starts inside an allowed module",
           name("torch._utils", "_rebuild_tensor_v2.__globals__"))
    yield ("build_on_tensor", "BUILD sets attributes of a tensor", tensor() + dictionary(op("data"), op(1)) + b"b")
    yield ("reduce_of_tensor", "REDUCE calls a tensor", tensor() + b")R")


def tensors():
    """Tensors that do not fit their storage."""
    huge = 2**62
    yield "offset_beyond", "offset 3 of 4 for 4 elements", tensor(offset=3)
    yield "offset_negative", "offset -1", tensor(offset=-1)
    yield "offset_huge", "offset 2^62", tensor(offset=huge)
    yield "shape_beyond", "3×2 elements of 4", tensor(shape=(3, 2))
    yield "shape_negative", "shape -2×2", tensor(shape=(-2, 2))
    yield "shape_overflow", "2^32 × 2^32 elements: the product overflows 64 bits", tensor(
        shape=(2**32, 2**32), stride=(0, 0))
    yield "shape_overflow_empty", "2^40 × 2^40 × 0 elements", tensor(shape=(2**40, 2**40, 0), stride=(0, 0, 0))
    yield "shape_bomb", "one float expanded to 2^40 elements", tensor(shape=(2**20, 2**20), stride=(0, 0))
    yield "shape_of_floats", "shape 2.0×2.0", tensor(shape=(2.0, 2.0))
    yield "stride_negative", "stride -1", tensor(offset=3, shape=(4,), stride=(-1,))
    yield "stride_overflow", "stride 2^62: the last index overflows 64 bits", tensor(shape=(4, 2), stride=(huge, 1))
    yield "stride_rank", "two sizes, one stride", tensor(stride=(2,))
    yield "long_beyond_int64", "a size of 2^70", tensor(shape=(2**70,), stride=(1,))
    yield "storage_too_short", "5 elements announced, 4 stored", tensor(storage(count=5))
    yield "storage_count_huge", "2^62 elements announced: bytes overflow", tensor(storage(count=huge))
    yield "storage_count_negative", "-4 elements announced", tensor(storage(count=-4))
    yield "storage_missing", "storage 7 is not in the file", tensor(storage(key="7"))
    yield "storage_path", "storage key with a path", tensor(storage(key="../../../etc/hostname"))
    yield "storage_type_unknown", "torch.QUInt8Storage", tensor(storage("QUInt8Storage"))
    yield "storage_is_number", "a number where the storage belongs", tensor(op(0))


def structures():
    """Whole pickles of the wrong build; these do not go through `program`."""
    weight = op("weight")
    yield "no_stop", "ends without STOP", program(tensor())[:-1]
    yield "truncated", "ends inside a string", HEADER + b"X\x40\x00\x00\x00model"
    yield "empty_pickle", "no opcodes", b""
    yield "stop_first", "STOP on an empty stack", HEADER + END
    yield "stack_underflow", "SETITEM on an empty stack", HEADER + b"s" + END
    yield "mark_missing", "SETITEMS without MARK", HEADER + b"}u" + END
    yield "memo_missing", "BINGET of an index never stored", HEADER + b"h\x05" + END
    yield "memo_sparse", "LONG_BINPUT at index 2^32 - 1", HEADER + b"}r\xff\xff\xff\xff" + END
    yield "opcode_unknown", "an opcode that does not exist", HEADER + b"\xff" + END
    yield "protocol_unknown", "protocol 200", b"\x80\xc8}."
    yield "odd_items", "SETITEMS with a key and no value", HEADER + b"}(" + weight + b"u" + END
    yield "key_unhashable", "a dictionary as key", HEADER + dictionary(b"}", op(1)) + END
    yield "string_2e63", "BINUNICODE8 of 2^63 bytes", b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"x."
    yield "string_4g", "BINUNICODE of 2^32 - 1 bytes", HEADER + b"X\xff\xff\xff\xffx" + END
    yield "string_not_utf8", "BINUNICODE that is no UTF-8", HEADER + dictionary(b"X\x02\0\0\0\xc3\x28", op(1)) + END
    yield "long_4g", "LONG4 of 2^31 - 1 bytes", HEADER + b"\x8b\xff\xff\xff\x7f\x01" + END
    yield "long_negative", "LONG4 of -1 bytes", HEADER + b"\x8b\xff\xff\xff\xff" + END
    yield "frame_2e63", "FRAME of 2^63 bytes", b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"}."
    yield "deep_tuples", "100,000 nested tuples", HEADER + b"N" + b"\x85" * 100_000 + END
    yield "deep_lists", "50,000 nested lists", HEADER + b"]" * 50_000 + b"a" * 49_999 + END
    doubling = b"N" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(64))
    yield "doubling", "64 tuples, each twice the one before", HEADER + doubling + END
    yield "cycle", "a list that contains itself", HEADER + b"]q\x00h\x00a" + END
    yield "top_list", "a list at the top", HEADER + b"]" + END
    yield "top_number", "a number at the top", HEADER + op(7) + END
    yield "no_tensors", "a dictionary without a tensor", HEADER + dictionary(op("model"), b"}") + END
    yield "model_is_list", "`model` is a list", HEADER + dictionary(op("model"), b"]") + END
    yield "name_is_number", "a tensor's name is a number", HEADER + dictionary(
        op("model"), dictionary(op(1), tensor())) + END
    yield "value_is_text", "a string where a tensor belongs", program(op("text"))


def archives():
    """Files whose zip is wrong; the pickle inside is sound."""
    sound = archive(program(tensor()))
    central, finish = b"PK\x01\x02", b"PK\x05\x06"
    yield "zip_empty_file", "no bytes", b""
    yield "zip_text", "a text file", b"this is not a checkpoint\n"
    yield "zip_cut", "cut before the central directory", sound[:sound.find(central)]
    yield "zip_half", "cut inside the central directory", sound[:sound.find(central) + 60]
    yield "zip_no_entries", "an empty zip", archive(b"", entries={})
    yield "zip_no_pickle", "no data.pkl", archive(b"", entries={"data/0": FLOATS, "version": b"3\n"})
    yield "zip_deflated", "compressed entries", archive(program(tensor()), zipfile.ZIP_DEFLATED)
    yield "zip_big_endian", "byteorder says big", archive(
        b"", entries={"data.pkl": program(tensor()), "byteorder": b"big", "data/0": FLOATS, "version": b"3\n"})
    yield "zip_entry_offset", "an entry begins beyond the file", patch(sound, central, 42, b"\xf0\xff\xff\x7f")
    yield "zip_entry_size", "an entry is larger than the file", patch(sound, central, 20, b"\xf0\xff\xff\x7f" * 2)
    yield "zip_entry_zip64", "an entry's sizes stand in a zip64 field that is not there", patch(
        sound, central, 20, b"\xff" * 8)
    yield "zip_name_length", "an entry's name runs beyond the file", patch(sound, central, 28, b"\xff\xff", last=True)
    yield "zip_encrypted", "an entry is marked encrypted", patch(sound, central, 8, b"\x01")
    yield "zip_directory_offset", "the directory begins beyond the file", patch(sound, finish, 16, b"\xff\xff\xff\x7f")
    yield "zip_entry_count", "65,000 entries announced", patch(sound, finish, 8, b"\xe8\xfd" * 2)
    yield "zip_not_torch", "a zip of something else", archive(b"", entries={"readme.txt": b"hello"})


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    files = [(file, what, archive(program(value))) for file, what, value in [*code(), *tensors()]]
    files += [(file, what, archive(data)) for file, what, data in structures()]
    files += archives()
    lines = ["# Checkpoints that must be refused", "", "Made by `Scripts/reference/fixtures_refused.py`.", "",
             "| file | what is wrong |", "|---|---|"]
    for file, what, data in files:
        (folder / f"{file}.pth").write_bytes(data)
        lines.append(f"| `{file}.pth` | {what} |")
    (folder / "README.md").write_text("\n".join(lines) + "\n")
