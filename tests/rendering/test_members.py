"""The list of what is on stage is the one that Manim keeps, whatever is added, removed and taken apart."""

from hypothesis import given
from hypothesis import strategies as st
from manim import Animation, AnimationGroup, Scene, Square, VGroup, VMobject
from manim.utils.family import extract_mobject_family_members

from scenes.rendering.families import members_of
from scenes.stage.members import Members

#: Three groups of parts, one of them inside another, and two mobjects alone.
PLACES = st.integers(0, 10)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "bring_to_back", "bring_to_front", "enter"]), st.lists(PLACES, max_size=3)
    )
)


def everything():
    parts = [VMobject(name=str(i)) for i in range(7)]
    inner = VGroup(*parts[:2])
    groups = [inner, VGroup(inner, *parts[2:4]), VGroup(*parts[4:6], parts[1])]
    return [*parts, *groups, VMobject(name="alone")]


def enter(scene, animation):
    if isinstance(scene, Members):
        scene.enter(animation)
    else:
        animation._setup_scene(scene)


def after(scene, calls):
    """Places of what is on stage after each call; a part may belong to two groups."""
    mobjects, seen = everything(), []
    at = {id(mobject): place for place, mobject in enumerate(mobjects)}
    for name, places in calls:
        chosen = [mobjects[place] for place in places]
        if name != "enter":
            getattr(scene, name)(*chosen)
        elif chosen:
            enter(scene, AnimationGroup(*(Animation(mobject, introducer=True) for mobject in chosen)))
        if name != "remove":
            seen.append([at[id(mobject)] for mobject in scene.mobjects])
    seen.append([at[id(mobject)] for mobject in scene.mobjects])
    seen.append({at[id(mobject)] for mobject in scene.get_mobject_family_members()})
    return seen


@given(CALLS)
def test_after_any_calls_the_stage_holds_what_manims_scene_holds(calls):
    assert after(Members(), calls) == after(Scene(), calls)


@given(st.lists(PLACES), st.lists(PLACES, max_size=2))
def test_members_of_families_are_in_the_order_in_which_manim_lists_them(places, raised):
    """Whatever is given: wholes, parts of them, parts of two wholes, and members with an index of their own."""
    mobjects = everything()
    for place in raised:
        mobjects[place].z_index = 1
    given = [mobjects[place] for place in places]
    assert members_of(given) == extract_mobject_family_members(given, use_z_index=True)


@given(st.permutations(range(4)), st.sets(st.integers(0, 9)), st.booleans())
def test_what_moves_in_a_play_and_what_stands_are_those_of_manim(order, moving, foreground):
    """All indices are zero: else Manim's list of what moves would be sorted by them."""
    found = []
    for kind in (Members, Scene):
        inner = VGroup(Square(), VMobject())
        roots = [VGroup(inner, Square()), Square(), VGroup(Square(), VGroup(Square())), VMobject()]
        scene = kind()
        scene.add(*(roots[place] for place in order))
        parts = [part for root in roots for part in root.get_family()]
        if foreground:
            scene.add_foreground_mobject(roots[1])
        at = {id(part): place for place, part in enumerate(parts)}
        animations = [AnimationGroup(Animation(parts[place])) for place in moving if place < len(parts)]
        found.append([[at[id(part)] for part in some] for some in scene.get_moving_and_static_mobjects(animations)])
    assert found[0] == found[1]
