"""Puts the states together into one model file, with config.json and its SHA-256 beside it."""
import hashlib
import json
from pathlib import Path

from . import checkpoint
from .adapter_stage import assemble


def main(args):
    folder, output = Path(args.state), Path(args.output)
    model = assemble(folder, args.seed, adapter=not args.untrained)
    checkpoint.write(model, output, args.dtype)
    output.with_name("config.json").write_text(json.dumps(model.config, indent=2) + "\n")
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    output.with_name(f"{output.name}.sha256").write_text(f"{digest}  {output.name}\n")
    count = sum(value.numel() for value in model.state_dict().values())
    print(f"{output}: {output.stat().st_size:,} bytes, {count:,} parameters, SHA-256 {digest}")
