"""The list of what is on stage is the one that Manim keeps, whatever is added, removed and taken apart."""

from hypothesis import given
from hypothesis import strategies as st
from manim import Animation, AnimationGroup, Scene, VGroup, VMobject

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
