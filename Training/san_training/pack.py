"""The data folder made small enough to carry: JPEGs re-encoded, split into zip files under a limit."""
import io
import zipfile
from pathlib import Path

from PIL import Image, ImageOps


def small(path, quality):
    """The bytes to carry of one file: photos as JPEG, everything else as it is; the smaller of old and new."""
    old = path.read_bytes()
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        return old
    with Image.open(io.BytesIO(old)) as image:
        out = io.BytesIO()
        ImageOps.exif_transpose(image).convert("RGB").save(out, "JPEG", quality=quality, optimize=True)
    return min(old, out.getvalue(), key=len)


def main(args):
    data, output = Path(args.data), Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    limit, shard, size, index = args.limit * 1e6, None, 0, -1
    for path in sorted(p for p in data.rglob("*") if p.is_file()):
        name, content = str(path.relative_to(data)), small(path, args.quality)
        cost = len(content) + 2 * len(name) + 200  # zip's own bytes of an entry, generously
        if shard is None or size + cost > limit:
            if shard:
                shard.close()
            index, size = index + 1, 0
            shard = zipfile.ZipFile(output / f"data-{index:02}.zip", "w", zipfile.ZIP_STORED)
        shard.writestr(zipfile.ZipInfo(name), content)
        size += cost
    shard.close()
    print(f"{index + 1} shards in {output}")
