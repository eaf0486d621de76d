"""Make README.rst and the addon's page out of ``readme/``: ``python -m dev.readme [--check]``.

The fragments are those of OCA; the title comes from the manifest. Runs in the
environment that has docutils: ``python3 -m dev run test python -m dev.readme``.
"""

import ast
import re
import sys
from pathlib import Path

from docutils.core import publish_parts
from docutils.utils import SystemMessage

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = "static/description/index.html"
# Fragment → the title of its section; the first stands before the table of contents.
FRAGMENTS = {
    "DESCRIPTION": "",
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "DEVELOP": "Development",
    "CONTRIBUTORS": "Contributors",
    "HISTORY": "Changelog",
}
LICENCES = {"LGPL-3": "GNU Lesser General Public License, version 3"}
NOTICE = (
    ".. This file is generated from readme/ by `make readme`: changes here are lost."
)
SETTINGS = {
    "file_insertion_enabled": False,
    "initial_header_level": 2,
    "raw_enabled": False,
    "syntax_highlight": "none",
    "doctitle_xform": False,
    # A warning is an error, told by the exception alone.
    "halt_level": 2,
    "warning_stream": False,
    "traceback": True,
}
STYLE = """\
:root { --brand: #714b67; --line: #d8d3d6; --soft: #f6f3f5; }
body { margin: 0; color: #23202a; background: #fff;
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
header { display: flex; gap: 1.2rem; align-items: center; padding: 1.6rem 1.5rem;
  background: var(--brand); color: #fff; }
header h1 { margin: 0; font-size: 1.8rem; line-height: 1.2; }
header p { margin: .3rem 0 0; }
header img { width: 72px; height: 72px; border-radius: 12px; background: #fff; }
header > *, main { max-width: 62rem; }
main { margin: 0 auto; padding: 1rem 1.5rem 4rem; }
h2 { margin: 2.6rem 0 .8rem; padding-bottom: .3rem; border-bottom: 2px solid var(--brand);
  font-size: 1.5rem; }
h3 { margin: 2rem 0 .5rem; font-size: 1.15rem; color: var(--brand); }
h2 a, h3 a { color: inherit; text-decoration: none; }
a { color: #017e84; }
main img { max-width: 100%; border: 1px solid var(--line); border-radius: 6px; }
code, pre, .literal { font: .87em/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
code, .literal { background: var(--soft); padding: .1em .25em; border-radius: 3px; }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--soft);
  border: 1px solid var(--line); border-radius: 6px; }
pre code, pre.literal-block { font-size: .87em; }
pre code { padding: 0; background: none; font-size: 1em; }
table { width: 100%; margin: 1rem 0; border-collapse: collapse; }
th, td { padding: .45rem .7rem; border: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { background: var(--soft); }
td > p, th > p, li > p { margin: 0; }
nav.contents { padding: .6rem 1.2rem; background: var(--soft); border-radius: 6px; }
nav.contents ul { margin: .3rem 0; }
nav.contents > ul { columns: 2; }
nav.contents > ul > li { break-inside: avoid; }
nav.contents > p { margin: 0; font-weight: 600; }
aside.footnote-list { font-size: .9em; }
aside.footnote > span.label { float: left; margin-right: .4rem; }
footer { padding: 1rem 1.5rem; border-top: 1px solid var(--line); color: #6b6570; }
"""
HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<!-- Generated from readme/ by `make readme`: changes here are lost. -->
<style>
{style}</style>
</head>
<body>
<header><img src="icon.png" alt=""><div><h1>{title}</h1><p>{summary}</p></div></header>
<main>
{body}
</main>
<footer>{title} {version} · {author} · {licence}</footer>
</body>
</html>
"""


def main(arguments):
    """Write the files, or with ``--check`` tell which are stale; the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m dev.readme [--check]", file=sys.stderr)
        return 2
    try:
        stale = {n: text for n, text in files().items() if _present(n) != text}
    except (SystemMessage, FileNotFoundError) as error:
        print(f"readme: {error}", file=sys.stderr)
        return 1
    for name, text in stale.items():
        if arguments:
            print(f"{name} is stale: run make readme")
        else:
            (REPOSITORY / name).write_text(text, encoding="utf-8")
            print(f"{name} written")
    return 1 if arguments and stale else 0


def files():
    """Return what each generated file must hold.

    :raise SystemMessage: docutils finds fault with a fragment
    :raise FileNotFoundError: a fragment is missing
    """
    manifest = ast.literal_eval(_read("__manifest__.py"))
    sections = fragments()
    return {
        "README.rst": f"{head(manifest)}\n\n{sections}\n",
        PAGE: page(manifest, sections),
    }


def head(manifest):
    """Return the README's title, summary, and what it is."""
    name = manifest["name"]
    rule = "=" * len(name)
    facts = (
        f"Version {manifest['version']} · {manifest['author']} · {_licence(manifest)}"
    )
    return f"{NOTICE}\n\n{rule}\n{name}\n{rule}\n\n{manifest['summary']}.\n\n{facts}"


def fragments():
    """Return the fragments in OCA's order, each with its title."""
    parts = []
    for fragment, title in FRAGMENTS.items():
        if title:
            parts.append(f"{title}\n{'=' * len(title)}")
        parts.append(_read(f"readme/{fragment}.rst").strip())
        if not title:
            parts.append(".. contents:: Contents\n   :depth: 2")
    return "\n\n".join(parts)


def page(manifest, sections):
    """Return the README as a page that needs nothing else but the icon beside it."""
    # Faults are told by their line in README.rst.
    text = "\n" * (head(manifest).count("\n") + 2) + sections
    parts = publish_parts(
        text, "README.rst", writer="html5", settings_overrides=SETTINGS
    )
    # Links into the repository start at its root.
    body = re.sub(r'href="(?!#|[a-z]+:)', 'href="../../', parts["body"])
    # Pictures lie beside the page.
    body = body.replace('src="static/description/', 'src="')
    return HTML.format(
        title=manifest["name"],
        summary=manifest["summary"],
        version=manifest["version"],
        author=manifest["author"],
        licence=_licence(manifest),
        style=STYLE,
        body=body.strip(),
    )


def _licence(manifest):
    return f"{LICENCES[manifest['license']]} ({manifest['license']})"


def _read(name):
    return (REPOSITORY / name).read_text(encoding="utf-8")


def _present(name):
    return _read(name) if (REPOSITORY / name).exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
