"""Pickles and archives put together by hand, for checkpoints that PyTorch itself would not write."""
import io
import pickle
import struct
import zipfile

HEADER, END = b"\x80\x02", b"."
FLOATS = struct.pack("<4f", 1, 2, 3, 4)


def op(value):
    """The opcodes that push a plain value."""
    return pickle.dumps(value, protocol=2)[2:-1]


def name(module, attribute):
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def dictionary(*items):
    """Opcodes for a dictionary from opcodes: key, value, key, value …"""
    return b"}(" + b"".join(items) + b"u"


def storage(kind="FloatStorage", key="0", device="cpu", count=4):
    return b"(" + op("storage") + name("torch", kind) + op(key) + op(device) + op(count) + b"tQ"


def tensor(source=None, offset=0, shape=(2, 2), stride=(2, 1)):
    hooks = name("collections", "OrderedDict") + b")R"
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + (source or storage()) + op(offset) + op(shape)
            + op(stride) + op(False) + hooks + b"tR")


def program(value):
    """A pickle of {"model": {"weight": value}}."""
    return HEADER + dictionary(op("model"), dictionary(op("weight"), value)) + END


def archive(data, compression=zipfile.ZIP_STORED, entries=None):
    """A zip laid out as PyTorch 1.12 did: without byteorder, and by default with the floats 1, 2, 3, 4 as storage 0."""
    entries = {"data.pkl": data, "data/0": FLOATS, "version": b"3\n"} if entries is None else entries
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for path, content in entries.items():
            info = zipfile.ZipInfo("archive/" + path, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            file.writestr(info, content)
    return buffer.getvalue()
