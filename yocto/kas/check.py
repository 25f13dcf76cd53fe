"""Reads files of kas with kas itself: check.py FILE…

Its schema, what they include, and that each layer is there once at one commit, but where the file says why not.
"""

import re
import sys
from argparse import Namespace
from pathlib import Path

from kas.context import create_global_context
from kas.includehandler import IncludeHandler

# Their branches count, as porchlight-rock5b.yml says.
UNPINNED = {"meta-arm", "meta-rockchip"}


def main():
    create_global_context(Namespace(no_color=True))
    for name in sys.argv[1:]:
        file = Path(name).resolve()
        config, missing = IncludeHandler([str(file)]).get_config({})
        assert not missing, f"{name}: it includes files of {missing}"
        assert config["distro"] == "porchlight" and config["machine"] and config["target"] == ["porchlight-image", "porchlight-bundle"], config
        for repo, entry in config["repos"].items():
            if repo == "porchlight":
                layers = [file.parents[2] / layer for layer in entry["layers"]]
                assert all((layer / "conf/layer.conf").is_file() for layer in layers), f"{name}: {layers} are no layers"
                continue
            commit = entry.get("commit")
            assert entry["url"].startswith("https://"), f"{name}: {repo} is fetched in the clear"
            assert (commit is None) == (repo in UNPINNED), f"{name}: {repo} has no commit"
            assert commit is None or re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{40}", commit), f"{name}: {repo} is at {commit}"
        print(f"{name}: {config['machine']}, {len(config['repos'])} repositories")


main()
