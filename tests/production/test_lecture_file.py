"""A lecture file is data: each mistake in it is one line, it runs nothing, and it writes nowhere but in its folder."""

import ast
import itertools
import re
import tomllib
from dataclasses import replace
from importlib import resources
from io import BytesIO
from pathlib import Path

import fontpkg
import numpy as np
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scenes.cli import main as cli
from scenes.cli import orders, publishing, render
from scenes.mobjects.text import paragraph
from scenes.production.brand_file import ThemeTable
from scenes.production.drawing import Job, sources_of, survey
from scenes.production.font_file import NEEDED, flaw
from scenes.production.lecture_file import CardTable as Card
from scenes.production.lecture_file import ChapterTable, Table, read
from scenes.production.look import Look
from scenes.production.mistakes import LineNumbers, MistakesError, beside
from scenes.production.parcels import Parcel
from scenes.stage.brand import Asset, Brand
from scenes.theme import PALETTES, WIDE, contrast, palette, typeset
from transformer_core.pretrained.model_registry import SHIPPED
from transformer_core.text.vocabulary import stored
from transformer_core.tracing import provenance

SCENES = Path(__file__).resolve().parents[2] / "scenes"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "lecture-file.md"


@pytest.fixture
def write(tmp_path):
    """Writes a lecture file and gives its path."""

    def put(text: str) -> Path:
        path = tmp_path / "my.toml"
        path.write_text(text)
        return path

    return put


def said(path: Path, **wishes) -> list[str]:
    with pytest.raises(MistakesError) as error:
        read(path, **wishes)
    return error.value.lines


def test_an_empty_file_is_the_whole_lecture_as_it_comes(write):
    lecture = read(write(""))
    said = lecture.options
    assert (said["text"], said["quality"], said["theme"], lecture.brand) == ("The car is red", "h", "dark", Brand())
    assert [entry.number for entry in lecture.entries] == sorted(entry.number for entry in lecture.entries)


def test_the_file_that_is_written_for_a_start_is_right_as_it_is(write):
    text = resources.files("scenes.production").joinpath("new-lecture.toml").read_text()
    lecture = read(write(text))
    assert [entry.name for entry in lecture.entries] == ["title", "qkv", "scores", "weighting", "end"]
    uncommented = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    assert set(tomllib.loads(uncommented)) == set(Table.__struct_fields__)
    several = re.sub(r"^chapters = .*|^#   ", "", text, flags=re.MULTILINE)
    assert [(part.name, part.first, part.last) for part in read(write(several)).running] == [
        ("title", 0, 0), ("qkv", 0, 0), ("slide_1", 0, 0), ("scores", 1, 4),
        ("weighting", 1, 1), ("weighting", 3, 0), ("end", 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('titel = "x"', "my.toml:1: titel: there is no such key here: .*did you mean title"),
        ("\ntitle = 3", "my.toml:2: title: 3 should be a text in quotes"),
        ('chapters = "scores"', 'my.toml:1: chapters: "scores" should be a list of texts'),
        ('chapters = [\n "scores",\n "haeds",\n]', 'my.toml:3: chapters: there is no chapter "haeds": .*mean heads'),
        ('chapters = ["attention", "qkv"]', 'my.toml:1: chapters: "qkv" is there twice: name it once'),
        ('chapters = ["scores.1-3", "scores.3"]', 'my.toml:1: chapters: "scores" is there twice: name it once'),
        ('chapters = ["scores.0"]', "my.toml:1: chapters: scores.0: steps are counted from 1 on"),
        ("chapters = [6]", "my.toml:1: chapters: 6 should be a text in quotes or a table"),
        ('captions = "below"', 'my.toml:1: captions: "below" is not there: it is one of burnt, track, none'),
        ('[[chapters]]\nnmae = "qkv"\ntitle = "x"', "my.toml:2: chapters.0.nmae: .*did you mean name"),
        (
            '[[chapters]]\nname = "qkv"\n[[chapters]]\nname = "heads"\nsteps = ["4-2"]',
            'my.toml:5: chapters.1.steps: "4-2" is no step: write 3, "2-4", or "5-"',
        ),
        ('[[chapters]]\nname = "qkv"\nsteps = 3', 'my.toml:3: chapters.0.steps: 3 should be a list such as .*"3-5"'),
        ('[[chapters]]\nname = "qkv"\nsteps = [2]\nwithout = ["1-"]', "my.toml:4: chapters.0.without: no step is left"),
        ('[[chapters]]\nname = "qkv"\nsentence = "A quark"', 'my.toml:3: chapters.0.sentence: "A quark": .*"quark"'),
        ('[[chapters]]\nname = "qkv"\nmodel = "spanish"', 'my.toml:3: chapters.0.model: "spanish" is neither'),
        (
            '[[chapters]]\nname = "qkv"\nlines = ["x"]',
            "my.toml:1: chapters.0: a chapter has a name and a slide a title",
        ),
        ('[[chapters]]\nlines = ["x"]', "my.toml:1: chapters.0: this is neither a chapter, .* nor a slide"),
        ('[[chapters]]\ntitle = "x"\nsteps = [1]', "my.toml:3: chapters.0.steps: this is for a chapter"),
        (f"[[chapters]]\ntitle = 'x'\nlines = {['x'] * 9}", "my.toml:3: chapters.0.lines: 9 lines are too many: .* 8"),
        ("[title_card]", "my.toml:1: title_card: there is no title to show: write title ="),
        ('title = "x"\n[title_card]\nlicence = "MIT"', "my.toml:3: title_card.licence: this is for the end card"),
        ('title = "x"\nend_card = "bye"', 'my.toml:2: end_card: "bye" should be a table, \\[end_card\\]'),
        ('sentence = "The quark is red"', 'my.toml:1: sentence: "The quark is red": the model never learned "quark"'),
        (f'sentence = "{"the car is red and " * 4}"', "my.toml:1: sentence: "),
        ('quality = "hd"', 'my.toml:1: quality: "hd" is no quality: .*"h" \\(1080p60\\)'),
        ('language = "fr"', 'my.toml:1: language: "fr" is not there: it is one of en, es'),
        ('model = "spanish"', 'my.toml:1: model: "spanish" is neither .*english-spanish'),
        ('outputs = ["flim"]', 'my.toml:1: outputs: "flim" cannot be made: .*did you mean film'),
        (
            'voice = "haert"',
            'my.toml:1: voice: there is no voice "haert": it is one of heart, .*none; did you mean heart',
        ),
        (
            'language = "es"\nvoice = "heart"',
            "my.toml:2: voice: the voice heart speaks en, not es: it is one of .*none",
        ),
        ('narration = "takes"', 'my.toml:1: narration: "takes" is no folder beside this file'),
        ('narration = "../takes"', 'my.toml:1: narration: "../takes" is no folder beside this file'),
        ("beams = 40", "my.toml:1: beams: 40 should be from 1, which is greedy, to 16"),
        ('beams = "4"', 'my.toml:1: beams: "4" should be a whole number'),
        ('target = "el coche es roja"\nbeams = 2', "my.toml:2: beams: a target is given, and nothing searched for"),
        (
            'target = "el choche es rojo"',
            'my.toml:1: target: "el choche es rojo": the model never learned "choche": .*coche',
        ),
        ("outputs = []", "my.toml:1: outputs: nothing would be made: name some of film, stills, slides, page"),
        ('theme = "dark"', 'my.toml:1: theme: "dark" should be a table, \\[theme\\]'),
        ('[theme]\nbase = "drak"', 'my.toml:2: theme.base: "drak" is not there: .*did you mean dark'),
        ('[theme.colours]\nquerry = "#FFFFFF"', "my.toml:2: theme.colours.querry: .*did you mean query"),
        ('[theme]\ncolours.query = "red"', 'my.toml:2: theme.colours.query: "red" should be a colour, written as "#'),
        ('[theme]\ncolours = { query = "#FFF" }', 'my.toml:2: theme.colours.query: "#FFF" should be a colour'),
        ('[theme.colours]\ndiverging = ["#000000"]', "my.toml:2: theme.colours.diverging: .*a list of 5 colours"),
        ('[theme]\nfont = "Nowhere Sans"', 'my.toml:2: theme.font: "Nowhere Sans" is neither .*one of .*Inter'),
        ('[theme]\nlogo = "none.png"', 'my.toml:2: theme.logo: "none.png" is no file beside this one'),
        ("title = \n", "my.toml:1: this is not TOML: Invalid value"),
        ('title = "a\\u0007b"', "my.toml:1: title: "),
    ],
)
def test_a_mistake_is_one_line_with_its_place_the_wrong_value_and_what_is_right(write, text, line):
    (only,) = said(write(text))
    assert re.match(line, only), only


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines(write):
    lines = said(write('title = 3\nquality = "x"\n\n[theme]\nbase = "x"\n\n[theme.colours]\nink = "x"\nred = "x"\n'))
    assert [line.split(":")[1] for line in lines] == ["1", "2", "5", "8", "9"]


def test_a_wrong_element_of_chapters_hides_no_other_mistake(write):
    lines = said(write('chapters = [6, "haeds", [], "scores", {nmae = "qkv", title = "x"}, "scores"]'))
    told = ["6 should be", "[] should be", "there is no such key here", 'no chapter "haeds"', '"scores" is there twice']
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True)), lines


def test_the_command_tells_each_mistake_on_a_line_of_its_own(write, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = write('quality = "x"\noutputs = ["x"]')
    with pytest.raises(SystemExit) as ending:
        cli.main(["render", str(path)])
    told = capsys.readouterr()
    assert ending.value.code == 1
    assert told.out == ""
    assert [line[:18] for line in told.err.splitlines()] == ["lecture: my.toml:1", "lecture: my.toml:2"]


@pytest.mark.parametrize("folder", ["/tmp/x", "../x", "a/../../x", "C:\\x", "\\\\host\\x", "link/x"])
def test_nothing_is_written_outside_of_the_folder_of_the_file(write, tmp_path, folder):
    (tmp_path / "link").symlink_to("/tmp")
    (only,) = said(write(f"output = '{folder}'"))
    assert only.startswith("my.toml:1: output: ")
    assert "would leave the folder of this file" in only


@given(st.text())
def test_a_path_beside_a_file_never_leaves_its_folder(name):
    found = beside(Path("/somewhere/here"), name)
    assert found is None or found.resolve().is_relative_to("/somewhere/here")


def test_a_chapter_beside_the_file_is_code_that_runs_only_where_it_is_trusted(write, place):
    path = write('chapters = ["own.py", "scores"]')
    (path.parent / "own.py").write_text((place.chapters / "c02_other.py").read_text() + "\nraise SystemExit('ran')\n")
    (only,) = said(path)
    assert '"own.py" is code, which a lecture file cannot run: read it, then add --trust' in only
    assert [entry.name for entry in read(path, trust=True).entries] == ["own", "scores"]
    path.write_text('chapters = ["../own.py"]')
    assert "is no file beside this one" in said(path, trust=True)[0]


def test_a_command_takes_from_the_file_what_its_options_do_not_say(write, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    orders = []
    monkeypatch.setattr("scenes.production.studio.Studio.film", lambda _, order: orders.append(order) or _stop())
    monkeypatch.setattr("scenes.cli.orders.open_store", lambda: None)
    said = 'title = "T"\nauthor = "A"\nsentence = "the red car"\nchapters = ["heads", "qkv"]\nquality = "l"\n'
    path = write(said + 'target = "el coche rojo"\n')
    for arguments in ([], ["-qm", "--text", "car", "--theme", "light", "--output", "there"], ["scores"]):
        with pytest.raises(SystemExit):
            cli.main(["render", str(path), *arguments])
    first, second, third = orders
    assert (first.title, first.author, first.text, first.look.height) == ("T", "A", "the red car", 480)
    assert [entry.name for entry in first.entries] == ["heads", "qkv"]
    assert first.output == tmp_path / "renders" / "my"
    assert (second.text, second.look.height, second.look.theme, second.output) == ("car", 720, "light", Path("there"))
    assert [entry.name for entry in third.entries] == ["scores"]
    assert (first.target, second.target) == ("el coche rojo", "")


def test_captions_of_the_file_count_for_every_command_and_slides_have_their_own_default(write, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    orders = []
    monkeypatch.setattr("scenes.production.studio.Studio.film", lambda _, order: orders.append(order) or _stop())
    monkeypatch.setattr("scenes.cli.orders.open_store", lambda: None)
    for text in ("", 'captions = "none"\n'):
        path = write(text)
        for arguments in (["render"], ["slides"], ["page"], ["render", "--captions", "burnt"]):
            with pytest.raises(SystemExit):
                cli.main([*arguments, str(path)])
    found = [(order.captions, order.look.bare, order.label) for order in orders]
    usual, clean, none = ("burnt", False, "my"), ("track", True, "my-clean"), ("none", True, "my-bare")
    assert found == [usual, clean, usual, usual, none, none, none, usual]


def test_a_voice_and_recordings_of_the_file_speak_unless_the_command_says_otherwise(write, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    orders = []
    monkeypatch.setattr("scenes.production.studio.Studio.film", lambda _, order: orders.append(order) or _stop())
    monkeypatch.setattr("scenes.cli.orders.open_store", lambda: None)
    path = write('voice = "heart"\nnarration = "takes"\n')
    (tmp_path / "takes").mkdir()
    for arguments in ([], ["--voice", "none"], ["--voice", "heart"], ["--voice", "takes/"]):
        with pytest.raises(SystemExit):
            cli.main(["render", str(path), *arguments])
    assert [(bool(o.voice), bool(o.recordings)) for o in orders] == [
        (True, True), (False, False), (True, False), (False, True)
    ]  # fmt: skip


def _stop():
    raise ValueError("stop")


@pytest.mark.slow
def test_slides_and_a_page_are_made_of_the_film_where_they_are_asked_for(place, monkeypatch):
    order = place.order("counting", outputs=("slides", "page"))
    monkeypatch.setattr(render, "order_of", lambda *_, **__: order)
    for module in (orders, publishing):
        monkeypatch.setattr(module, "open_store", lambda: place.store)
    with pytest.raises(SystemExit) as ending:
        cli.main(["render"])
    assert ending.value.code == 0
    made = {path.name for path in (place.folder / "out").iterdir()}
    assert {"film.mp4", "film-slides.html", "film-slides.pptx", "page"} <= made


def test_new_writes_a_file_and_never_over_another_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments, status in ((["new"], 0), (["new"], 1), (["new", "--force"], 0), (["new", "x.txt"], 1)):
        (tmp_path / "lecture.toml").write_text("mine") if status == 1 else None
        with pytest.raises(SystemExit) as ending:
            cli.main(arguments)
        assert ending.value.code == status
        assert (tmp_path / "lecture.toml").read_text().startswith("mine" if status else "# A lecture as a file")
    assert "lecture.toml is there already; --force writes over it" in capsys.readouterr().err


def test_a_colour_that_texts_cannot_be_read_in_is_told_with_one_that_would_do(write):
    lecture = read(write('[theme.colours]\nquery = "#444444"\n'))
    (told, other) = lecture.warnings
    assert told.startswith("my.toml:2: theme.colours.query: query #444444 on background #0F1419 has a contrast of 1.9")
    better = re.search(r"query (#\w{6}) would do", told)[1]
    assert contrast(better, PALETTES["dark"].background) >= 4.5
    assert "on surface" in other
    assert read(write('[theme.colours]\nquery = "#FFFFFF"\n')).warnings == ()


def test_a_changed_colour_a_font_and_a_logo_change_the_key_of_every_step(place, tmp_path):
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (8, 8), "red").save(logo)
    order = place.order("counting")
    brands = [
        Brand(),
        Brand((("query", "#FFFFFF"),)),
        Brand(faces=(("Inter", False, inter()),)),
        Brand(logo=Asset.of(logo)),
    ]

    def keys(brand):
        look = replace(order.look, brand=brand)
        job = Job(order.entries[0], place.folder / "trace.npz", "tiny", look, sources_of(order.entries[0]))
        return [step.key for step in survey(job, lambda *_: None)]

    found = [keys(brand) for brand in brands]
    assert len({key for step in found for key in step}) == 3 * len(brands)
    assert keys(Brand(logo=Asset.of(logo))) == found[3]


def inter() -> Asset:
    return Asset.of(fontpkg.family("Inter").files[0].path)


def test_every_token_of_the_palette_can_be_changed_and_is_drawn(write):
    changed = dict.fromkeys(("background", "ink", "query", "focus"), "#123456")
    text = "".join(f'{token} = "{colour}"\n' for token, colour in changed.items())
    brand = read(write(f'[theme]\nbase = "light"\n[theme.colours]\n{text}sequential = {["#ABCDEF"] * 6}\n')).brand
    with brand.drawn("light"):
        assert {token: palette().role(token) for token in changed} == changed
        assert palette().sequential == ("#ABCDEF",) * 6
        assert palette().key == PALETTES["light"].key
    assert palette() == PALETTES["dark"]


def without(characters: str) -> bytes:
    """Inter's file without the glyphs of some characters."""
    font = TTFont(inter().path)
    cutter = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True))
    cutter.populate(text="".join(sorted(set(NEEDED) - set(characters))))
    cutter.subset(font)
    file = BytesIO()
    font.save(file)
    return file.getvalue()


def test_a_font_that_lacks_a_glyph_of_the_chapters_is_told_by_the_name_of_the_glyph(write):
    path = write('[theme]\nfont = "own.ttf"\n')
    (path.parent / "own.ttf").write_bytes(without("−"))
    assert said(path) == [
        'my.toml:2: theme.font: "own.ttf" has no glyph for − (minus sign), which the chapters use',
    ]
    (path.parent / "own.ttf").write_bytes(without(""))
    with read(path).brand.drawn("dark"):
        assert typeset("caption").family.endswith("own.ttf")
        assert paragraph(["0.5 − “x”"], "caption", "ink", 0)[0].width > 0
    assert typeset("caption").family == "Inter"
    (path.parent / "own.ttf").write_bytes(b"no font")
    assert said(path) == ['my.toml:2: theme.font: "own.ttf" cannot be read as a font']


def bent(change) -> bytes:
    """Inter's file with the outlines of some glyphs changed."""
    font = TTFont(BytesIO(without("")))
    for table in {"gvar", "fvar", "avar", "HVAR", "MVAR", "STAT"} & set(font.keys()):
        del font[table]
    change(font, font.getBestCmap())
    file = BytesIO()
    font.save(file)
    return file.getvalue()


def emptied(characters):
    def change(font, names):
        for char in characters:
            font["glyf"][names[ord(char)]] = Glyph()

    return change


def enlarged(font, names):
    font["glyf"][names[ord("0")]].coordinates.scale((9, 9))


def without_advance(font, names):
    font["hmtx"].metrics[names[ord("7")]] = (0, 0)


FIRST_DIGITS = "0 (digit zero), 1 (digit one), 2 (digit two), 3 (digit three), 4 (digit four)"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (emptied("3"), "3 (digit three)"),
        (emptied("0123456789"), f"{FIRST_DIGITS} and 5 more"),
        (emptied("−e"), "e (latin small letter e), − (minus sign)"),
        (enlarged, "0 (digit zero)"),
        (without_advance, "7 (digit seven)"),
    ],
)  # fmt: skip
def test_a_font_that_has_a_glyph_and_draws_nothing_for_it_is_told(write, change, named):
    path = write('[theme]\nfont = "own.ttf"\n')
    (path.parent / "own.ttf").write_bytes(bent(change))
    wrong = f"has broken outlines for {named}: nothing is drawn, or something far too large"
    assert said(path) == [f'my.toml:2: theme.font: "own.ttf" {wrong}']


def test_a_font_whose_outlines_are_cut_off_is_told(write):
    """The file is as long as it says, but where the curves were are zeros."""
    path = write('[theme]\nfont = "own.ttf"\n')
    content = bytearray(without(""))
    place = content.index(b"glyf")
    start, size = (int.from_bytes(content[at : at + 4]) for at in (place + 8, place + 12))
    content[start : start + size] = bytes(size)
    (path.parent / "own.ttf").write_bytes(content)
    (line,) = said(path)
    assert 'my.toml:2: theme.font: "own.ttf" has broken outlines for ! (exclamation mark)' in line


def test_a_font_of_a_hundred_megabytes_is_not_read(write):
    path = write('[theme]\nfont = "own.ttf"\n')
    with (path.parent / "own.ttf").open("wb") as file:
        file.truncate(100_000_000)
    assert said(path) == ['my.toml:2: theme.font: "own.ttf" is larger than 50 MB']


@pytest.mark.parametrize("family", ["Inter", "Source Serif 4"])
def test_the_fonts_of_the_project_have_no_flaw(family):
    assert [flaw(file.path, fontpkg.path(family)) for file in fontpkg.family(family).files] == [""] * 2


def test_every_character_that_chapters_and_vocabulary_write_is_asked_of_a_font():
    written = set(
        "".join(itertools.chain(*map(vars(stored(SHIPPED / "english-spanish.safetensors")).get, ("source", "target"))))
    )
    for path in [
        *SCENES.glob("chapters/*.py"),
        # Equations are set by Typst, in its own font.
        *(path for path in SCENES.glob("mobjects/*.py") if path.name != "equations.py"),
        SCENES / "stage" / "chapter.py",
        Path(provenance.__file__),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            for child in ast.iter_child_nodes(node):
                # A text that is a statement is a docstring.
                if isinstance(child, ast.Constant) and isinstance(child.value, str) and not isinstance(node, ast.Expr):
                    written |= set(child.value)
    assert {char for char in written if char.isprintable()} <= set(NEEDED)


def test_a_family_of_an_installed_package_takes_the_place_of_another_with_its_italics(write):
    brand = read(write('[theme]\ntitle_font = "inter"\n')).brand
    with brand.drawn("dark"):
        assert "Inter-Italic" in typeset("tag").family
        assert "Inter[" in typeset("title").family


@pytest.mark.slow
def test_a_logo_stands_in_its_corner_and_is_drawn_without_manims_own_camera(place, tmp_path):
    Image.new("RGBA", (40, 10), "#FF0000FF").save(tmp_path / "logo.png")
    brand = Brand(logo=Asset.of(tmp_path / "logo.png"))
    assert place.film("other", look=Look(1920, 1080, 15, "dark", brand)).left_to_manim == ()
    with Image.open(place.folder / "out" / "posters" / "other-01.png") as poster:
        rows, columns = np.nonzero((np.asarray(poster) == [255, 0, 0]).all(axis=2))
    left, top, width, height = WIDE.logo
    assert (columns.min(), columns.max()) == (left, left + width - 1)
    assert top <= rows.min() < rows.max() == top + height - 1


def test_a_job_that_travels_takes_the_files_of_its_brand_along(place, tmp_path):
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (8, 8), "red").save(logo)
    look = replace(place.order().look, brand=Brand(faces=(("Inter", False, inter()),), logo=Asset.of(logo)))
    job = Job(place.order("other").entries[0], place.folder / "trace.npz", "tiny", look, "")
    there = tmp_path / "there"
    there.mkdir()
    parcel = Parcel.of(job)
    logo.unlink()
    moved = parcel.unpacked(there, {}).look
    assert moved == look
    assert {asset.path.parent for asset in moved.brand.assets} == {there}
    assert moved.brand.logo == Asset.of(moved.brand.logo.path)


def test_no_caption_however_wide_reaches_the_logo():
    line = paragraph(["W" * 42], "caption", "ink", 984)[0]
    assert (line.get_right()[0] * 135) + 960 < WIDE.logo[0]


def test_the_keys_of_the_page_on_lecture_files_are_those_that_there_are_and_its_example_is_right(write):
    page = DOCS.read_text()
    for example in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        assert read(write(example)).warnings == ()
    documented = set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE))
    assert documented == {*Table.__struct_fields__} - {"theme"} | {
        f"{table}.{key}"
        for table, kind in (("theme", ThemeTable), ("chapters", ChapterTable), ("title_card", Card), ("end_card", Card))
        for key in kind.__struct_fields__
    } - {"title_card.licence", "title_card.questions"}


def test_a_long_string_hides_no_key():
    assert LineNumbers('a = """\nb = 1\n"""\nb = 2\n').of("b") == 4
