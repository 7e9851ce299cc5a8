"""The parts of the documentation's site that are made while it is built: see mkdocs.yml.

Pages of `docs/` are written for a code host. Here their comments are dropped, and their links led to where things are
on the site; pages from outside `docs/`, the API reference, and colours and type of the film are added.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import griffe
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from scenes.publishing.typefaces import font_faces  # noqa: E402 - found from here on
from scenes.theme import DARK, LIGHT, Palette  # noqa: E402
from transformer_core.tracing.named_tensor import AXES  # noqa: E402

DOCS = ROOT / "docs"
RECORDS = sorted((DOCS / "decisions").glob("*.md"))
#: Pages from elsewhere in the repository, and where they stand on the site.
ELSEWHERE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    **{f"assets/models/{path.name}": f"models/{path.name}" for path in (ROOT / "assets" / "models").glob("*.md")},
}
#: Pages of the API reference: title, and files or names in the order of the page.
API = {
    "core": ("The model", "transformer_core/*.py"),
    "tracing": ("Traces", "transformer_core/tracing/*.py"),
    "interpret": ("Looking inside", "transformer_core/interpret/*.py"),
    "decoding": ("Decoding", "transformer_core/decoding/*.py"),
    "training": ("Training", "transformer_core/training/*.py"),
    "pretrained": ("Weights from elsewhere", "transformer_core/pretrained/*.py"),
    "text": ("Text", "transformer_core/text/*.py"),
    "sentence": ("Studies of a sentence", "transformer_core/studies/*.py", "transformer_core/studies/sentence/*.py"),
    "translator": ("The translator", "transformer_core/studies/translator/*.py"),
    "measures": ("Measures", "transformer_core/studies/measures/*.py"),
    "laboratory": ("The laboratory", "transformer_core/studies/experiments/laboratory.py"),
    "files": ("Files", "transformer_core/files/*.py", "transformer_core/live/*.py"),
    "notebooks": ("Notebooks", "scenes.cli.show.show", "scenes.publishing.notebook.ask"),
    "chapters": ("Chapters", "scenes/stage/chapter.py", "scenes/stage/step.py", "scenes/layout.py", "scenes/theme.py"),
    "primitives": ("Primitives", "scenes/mobjects/*.py"),
}
#: Code, in which nothing is changed, or a comment; and code, or a link.
CODE = r"(?P<code>^```.*?^```|`[^`\n]*`)"
COMMENT = re.compile(rf"{CODE}|^[ \t]*<!--.*?-->[ \t]*\n|[ \t]*<!--.*?-->", re.DOTALL | re.MULTILINE)
LINK = re.compile(
    rf"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)|{CODE}", re.DOTALL | re.MULTILINE
)
EXPERIMENT = re.compile(r"^## (\w+)\n", re.MULTILINE)


def on_config(config: Any) -> None:
    """Put the experiments and the decisions into the navigation, one by one."""
    names = EXPERIMENT.findall((DOCS / "experiments.md").read_text(encoding="utf-8"))
    decisions = [f"decisions/{path.name}" for path in reversed(RECORDS)]
    api = [f"api/{page}.md" for page in API]
    below = {"experiments.md": [f"experiments/{name}.md" for name in names], "decisions/index.md": decisions}
    for section in config.nav:
        if "API" in section:
            section["API"] += api
        for pages in section.values():
            for at, page in enumerate(pages) if isinstance(pages, list) else ():
                if isinstance(page, str) and page in below:
                    pages[at] = {page.split("/")[0].removesuffix(".md").capitalize(): [page, *below[page]]}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and the pictures that do not lie in `docs/`, and lead links to where they lead on the site."""
    sources = {f"docs/{file.src_uri}": Path(file.abs_src_path) for file in files if file.src_uri.endswith(".md")}
    sources |= {name: ROOT / name for name in ELSEWHERE}
    made = {
        "decisions/index.md": _decisions(),
        "notebook.md": _notebook(json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))),
        "api/index.md": _names(),
        **{f"api/{page}.md": _reference(*facts) for page, facts in API.items()},
    }
    for name, path in sources.items():
        text = COMMENT.sub(lambda found: found["code"] or "", path.read_text(encoding="utf-8"))
        if name == "docs/experiments.md":
            made |= _experiments(text)
        else:
            made[_place(name)] = _led(text, name)
    for uri, content in made.items():
        if (old := files.get_file_from_path(uri)) is not None:
            files.remove(old)
        files.append(File.generated(config, uri, content=content))
    for picture in (ROOT / "renders" / "gallery").iterdir():
        files.append(File.generated(config, f"gallery/{picture.name}", abs_src_path=str(picture)))
    files.append(File.generated(config, "site/film.css", content=_film(made)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The first page has the whole width."""
    if page.file.src_uri == "index.md":
        page.meta["hide"] = ["navigation", "toc"]
    return markdown


def _led(text: str, name: str) -> str:
    """The page of the repository that is called `name`, with its links as links of the site."""

    def led(link: re.Match[str]) -> str:
        if link["code"]:
            return link["code"]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link["path"]))
        place = _place(target)
        if place is None:  # code, which has no page
            return link["text"] if "`" in link["text"] else f"`{target}`" if "/" in link["text"] else link["text"]
        way = posixpath.relpath(place, posixpath.dirname(_place(name)) or ".")
        return f"{link['picture']}[{link['text']}]({way}{link['anchor'] or ''})"

    return LINK.sub(led, text)


def _place(path: str) -> str | None:
    """The place on the site of what lies at `path` of the repository; None for what is not there."""
    if path in ELSEWHERE or path == "README.md":
        return ELSEWHERE.get(path, "index.md")
    if path == "docs/decisions":
        return "decisions/index.md"
    shown = re.match(r"docs/|renders/(?=gallery/)", path)
    return path[shown.end() :] if shown else None


def _decisions() -> str:
    """The list of decisions, the newest first."""
    titles = [(path.name, path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")) for path in RECORDS]
    lines = [f"- {name[:4]}: [{title}]({name})" for name, title in reversed(titles)]
    return "# Decisions\n\nHalf a page each, on what surprised or could have gone another way.\n\n" + "\n".join(lines)


def _experiments(text: str) -> dict[str, str]:
    """Cut the page of all experiments into one for each, and a list."""
    first, *others = EXPERIMENT.split(text)
    made = {"experiments.md": re.sub(r"\]\(#(\w+)\)", r"](experiments/\1.md)", first)}
    for name, body in zip(others[::2], others[1::2], strict=True):
        made[f"experiments/{name}.md"] = f"# {name}\n" + body.replace("](experiments/", "](").replace("][", "]\\[")
    return made


def _notebook(notebook: dict[str, Any]) -> str:
    """The notebook as a page, with its films."""
    parts = ["---\nsearch: {boost: 0.5}\n---\n"]
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                parts.append(f"<div>{''.join(data['text/html'])}</div>".replace("\n", " "))
            elif output["output_type"] == "stream":
                parts.append(f"```text\n{''.join(output['text'])}```")
    return "\n\n".join([*parts, "[The notebook itself](notebook.ipynb), to run and to change."])


def _names() -> str:
    """The page of the API: its parts, the names of `transformer_core` itself, and the axes of tensors."""
    import transformer_core

    parts = [f"- [{facts[0]}]({page}.md): {_about(facts[1])}" for page, facts in API.items()]
    rows = []
    for name in transformer_core.__all__:
        found = getattr(transformer_core, name)
        if callable(found):
            rows.append(f"| [`{name}`][{found.__module__}.{found.__qualname__}] | {_plain(found.__doc__)} |")
    axes = [f"| `{axis}` | {meaning} |" for axis, meaning in AXES.items()]
    return "\n".join(
        [
            "# API\n\nWritten from the docstrings. A signature says the shape of each tensor by the axes below.\n",
            *parts,
            "\n## Names of `transformer_core`\n\n| name | what it is |\n|---|---|",
            *rows,
            "\n## Axes\n\n| axis | what lies along it |\n|---|---|",
            *axes,
        ]
    )


def _about(part: str) -> str:
    """The first sentence of the package or the file of a page of the API."""
    path = ROOT / part.replace("*", "__init__")
    if not path.is_file():
        return f"`{part}`"
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc[:1].lower() + doc[1:].split("\n\n")[0].split(". ")[0].replace("\n", " ").rstrip(".")


def _plain(doc: str | None) -> str:
    """The first paragraph of a docstring, for a cell of a table."""
    return marked(" ".join((doc or "").split("\n\n")[0].split())).replace("|", "\\|")


def _reference(title: str, *parts: str) -> str:
    """A page of the API: every module or name, with what it says of itself."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) if path else part
        for part in parts
        for path in (sorted(ROOT.glob(part)) if part.endswith(".py") else [None])
    ]
    return "\n\n".join([f"# {title}", *(f"::: {name}" for name in names if "._" not in name)])


def _film(pages: dict[str, str]) -> str:
    """Colours and type of the film as CSS: they have their home in `scenes.theme`."""
    seen = "".join(sorted(set("".join(text for uri, text in pages.items() if uri.endswith(".md")))))
    faces = font_faces(seen)
    schemes = {"default": LIGHT, "slate": DARK}
    return "\n".join([faces, *(f"[data-md-color-scheme={name}]{_variables(one)}" for name, one in schemes.items())])


def _variables(palette: Palette) -> str:
    names = ("background", "surface", "line", "ink", "ink2", "ink3", "query", "key", "value", "residual", "warning")
    return "{" + ";".join(f"--film-{name}:{palette.role(name)}" for name in names) + "}"


#: A shape, such as "batch head query key", by the axes of the glossary.
SHAPE = re.compile(r'"((?:%s)(?: (?:%s))*)"' % (("|".join(AXES),) * 2))
LOW = re.compile(
    r"(?<![\w`])(?P<base>[A-Za-zθσλΣ]|d[A-Z]|ds|head|sum|mean|logit|lens|softmax\(s\)|weight|score|effect|shift)"
    r"_(?P<low>\{[^}]+\}|&lt;t|[a-z0-9],[a-z0-9]|[A-Za-z0-9]+)"
)
#: A line of a list of arguments: the name stays as it is.
ARGUMENT = re.compile(r"^(?P<name>(?: {4}[\w, *]+: )?)(?P<text>.*)$", re.MULTILINE)
HIGH = re.compile(r"\^(\([^)]+\)|\w+)")


def marked(text: str) -> str:
    """Text of a docstring as Markdown: subscripts and powers set as such, shapes as code."""

    def one(part: str) -> str:
        part = part.replace("<", "&lt;")
        part = LOW.sub(lambda m: f"{m['base']}<sub>{m['low'].strip('{}')}</sub>", part)
        return HIGH.sub(lambda m: f"<sup>{m[1].strip('()')}</sup>", part).replace("*", "\\*")

    parts = re.split(r"(`[^`\n]*`)", SHAPE.sub(r"`\1`", text))
    return "".join(part if at % 2 else one(part) for at, part in enumerate(parts))


class Docstrings(griffe.Extension):
    """Docstrings as Markdown: equations, shapes, sessions and examples; comments `#:` say what a constant is."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change what is said of `obj`."""
        if obj.docstring is None and obj.is_attribute and obj.lineno:
            obj.docstring = _said_above(obj)
        if obj.docstring is not None:
            obj.docstring.value = _paragraphs(obj.docstring.value)


def _said_above(obj: griffe.Object) -> griffe.Docstring | None:
    """The comment `#:` in the lines above an attribute."""
    said, at = [], obj.lineno - 2
    while at >= 0 and (line := obj.lines_collection[obj.filepath][at].strip()).startswith("#:"):
        said.insert(0, line.removeprefix("#:").strip())
        at -= 1
    return griffe.Docstring("\n".join(said), parent=obj) if said else None


def _paragraphs(text: str) -> str:
    found = []
    for paragraph in re.split(r"\n{2,}", dedent(text)):
        lines = paragraph.splitlines()
        if lines and lines[0].lstrip().startswith(">>>"):
            found.append(f"```pycon\n{dedent(paragraph)}\n```")
        elif all(line.startswith("    ") for line in lines):
            found.append(f"```py\n{dedent(paragraph)}\n```")
        elif re.match(r"[A-Z]\w+:\n", paragraph):
            found.append(ARGUMENT.sub(lambda line: line["name"] + marked(line["text"]), paragraph))
        elif paragraph.endswith("::"):
            found.append(paragraph[:-1])
        else:
            found.append(marked(paragraph))
    if found and re.match(r"[^`]{1,60}?[^`=<>!]=[^=]", text) and "Args:" not in found[0]:
        found[0] = f'<div class="equation" markdown>{found[0]}</div>'
    return "\n\n".join(found)
