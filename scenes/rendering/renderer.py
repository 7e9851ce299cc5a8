"""FastRenderer: Manim's renderer, drawing only what changed and handing frames to one encoder a clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from manim import Camera, Mobject, MovingCamera, Scene, config, logger
from manim.renderer.cairo_renderer import CairoRenderer
from manim.scene.scene_file_writer import SceneFileWriter
from manim.utils.iterables import list_update

from scenes.rendering.canvas import Canvas
from scenes.rendering.cast import Cast, is_visible
from scenes.rendering.clip import ClipWriter
from scenes.rendering.leaves import LINE_WIDTH, is_plain
from scenes.rendering.master import MasterWriter
from scenes.rendering.memory import keep_freed_memory
from scenes.rendering.motion import Watch, calm, hasten, is_plain_play
from scenes.rendering.tiles import Box
from scenes.rendering.writer import Writer

FLAT_CAMERAS = (Camera, MovingCamera)  # these draw a mobject from its points as they are


class FastRenderer(CairoRenderer):
    """A renderer to be handed to a scene: `Scene(renderer=FastRenderer())`.

    Frames go to the clip that is open (`open_clip`, `clip`); without one, plays are applied and not shown. What the
    fast path cannot draw is drawn by Manim's own camera, and the log says so.

    Sections, subcaptions and sounds are kept by `file_writer` as under plain Manim; it writes no video.
    """

    def __init__(self, camera_class: type[Camera] | None = None, skip_animations: bool = False) -> None:
        keep_freed_memory()
        self.camera: Camera
        self._camera_class = camera_class
        super().__init__(SceneFileWriter, camera_class, skip_animations)
        self.writer: Writer | None = None
        self._canvas = Canvas(self.camera)
        self._cast = Cast()
        #: What Manim's own camera had to draw, and so slowly: "a Cube".
        self.left_to_manim: set[str] = set()
        self._passed = 0
        self._watch: Watch | None = None
        self._flat = False

    def init_scene(self, scene: Scene, *settings: Any) -> None:
        """Take the scene's kind of camera, unless one was asked for."""
        if self._camera_class is None and scene.camera_class is not type(self.camera):
            self.camera = scene.camera_class()
            self._canvas = Canvas(self.camera)
        super().init_scene(scene, *settings)

    def open_clip(self, path: Path | str, **settings: Any) -> Writer:
        """Show what is played from now on in a clip at `path`; `settings` are its writer's.

        A clip that ends in .mkv is a master: without loss, with transparency.
        """
        if self.writer:
            raise RuntimeError(f"the clip {self.writer.path} is still open")
        size = (self.camera.pixel_width, self.camera.pixel_height)
        kind = MasterWriter if Path(path).suffix == ".mkv" else ClipWriter
        self.writer = kind(path, size, round(self.camera.frame_rate), **settings)
        return self.writer

    def close_clip(self) -> Path:
        """Finish the open clip."""
        if not self.writer:
            raise RuntimeError("no clip is open")
        writer, self.writer = self.writer, None
        return writer.close()

    @contextmanager
    def clip(self, path: Path | str, **settings: Any) -> Iterator[Writer]:
        """Write what is played inside to the clip at `path`; if it fails, no file remains."""
        writer = self.open_clip(path, **settings)
        try:
            yield writer
        except BaseException:
            self.writer = None
            writer.abort()
            raise
        self.close_clip()

    def play(self, scene: Scene, *args: Any, **kwargs: Any) -> None:
        """Play as Manim does, without hashing and without a file for every play."""
        self.skip_animations = self._original_skipping_status
        self.update_skipping_status()
        shown = bool(self.writer) and not self.skip_animations
        scene.compile_animation_data(*args, **kwargs)
        # A section without a play is dropped by Manim: let it know of this one, though it writes no file for it.
        self.file_writer.sections[-1].partial_movie_files.append(None)
        animations = scene.animations or []
        plain = is_plain_play(scene)
        hastened = hasten(animations) if plain else []
        scene.begin_animations()
        if scene.is_current_animation_frozen_frame():
            self._hold(scene, shown)
        elif shown:
            self._show(scene, plain)
        else:
            self._apply(scene, plain)
        calm(hastened)
        self.num_plays += 1

    def _hold(self, scene: Scene, shown: bool) -> None:
        """A pause: one picture, for as many frames as Manim counts."""
        count = int(scene.duration / (1 / self.camera.frame_rate))
        if shown:
            self.save_static_frame_data(scene, scene.static_mobjects)
            self.render(scene, 0, scene.moving_mobjects)
            self._tell([], count - 1)
        else:
            self.time += count / self.camera.frame_rate

    def _show(self, scene: Scene, plain: bool) -> None:
        """Draw every frame. Where nothing but known animations can act, nothing else is asked."""
        self.save_static_frame_data(scene, scene.static_mobjects)
        if not plain:
            scene.play_internal()
            return
        animations = scene.animations or []
        self._watch = Watch.of(animations)
        for time in np.arange(0, scene.duration, 1 / config.frame_rate):
            scene.last_t = time
            for animation in animations:
                animation.interpolate(time / animation.run_time)
            self.render(scene, time, scene.moving_mobjects)
        self._watch = None
        for animation in animations:
            animation.finish()
            animation.clean_up_from_scene(scene)

    def _apply(self, scene: Scene, plain: bool) -> None:
        """Bring the scene to where the play leads. Where every frame may leave a trace, go through every frame."""
        writer, self.writer = self.writer, None
        self.skip_animations, self._passed = plain, 0
        try:
            scene.play_internal()
        finally:
            self.writer, self.skip_animations = writer, True
        count = len(np.arange(0, scene.duration, 1 / config.frame_rate)) if plain else self._passed
        self.time += count / self.camera.frame_rate

    def save_static_frame_data(self, scene: Scene, static_mobjects: Iterable[Mobject]) -> None:
        """Draw what does not move in this play."""
        still = [mobject for mobject in static_mobjects if is_visible(mobject)]
        self._cast.forget()
        self.static_image = None
        if self._is_flat(still):
            self._canvas.lay(still)
        elif still:
            self.update_frame(scene, still)
            self._canvas.lay_pixels(self.camera.pixel_array)
        else:
            self._canvas.lay([])

    def render(self, scene: Scene, time: float, moving_mobjects: Iterable[Mobject] | None = None) -> None:  # noqa: ARG002
        """Draw one frame and hand it to the clip."""
        self._passed += 1
        if self.writer and not self.skip_animations:
            moving = moving_mobjects if isinstance(moving_mobjects, list) else list(moving_mobjects or ())
            self._tell(self._drawn(scene, moving))

    def _drawn(self, scene: Scene, moving: list[Mobject]) -> list[Box]:
        shown = moving or list_update(scene.mobjects, scene.foreground_mobjects)
        held = self._cast.holds(shown)
        if not held:
            if self._watch is not None:
                self._watch = Watch.of(scene.animations or [])
            self._cast.gather(shown, self.camera.use_z_index, self._watch.alone if self._watch else None)
        # In a plain play nobody becomes an image or gets a shading while it runs.
        if not held or self._watch is None:
            self._flat = self._is_flat(self._cast.leaves)
        if self._flat:
            return self._canvas.draw(self._cast.leaves, self._watch)
        self.static_image = self._canvas.layer  # type: ignore[assignment]
        self.update_frame(scene, moving)
        return self._canvas.take_over(self.camera.pixel_array)

    def _tell(self, changed: list[Box], count: int = 1) -> None:
        """Hand the canvas to the clip, as `count` frames."""
        if not self.writer or count < 1:
            return
        if changed or not self.writer.frames:
            whole = None if not self.writer.frames else changed
            self.writer.write(self._canvas.pixels, whole)
            self.writer.repeat(count - 1)
        else:
            self.writer.repeat(count)
        self.time += count / self.camera.frame_rate

    def _is_flat(self, mobjects: Sequence[Mobject]) -> bool:
        """Return True if the canvas draws `mobjects` exactly as Manim would; if not, log why, once."""
        if type(self.camera) not in FLAT_CAMERAS:
            return self._leave(f"a {type(self.camera).__name__}")
        if self.camera.cairo_line_width_multiple != LINE_WIDTH:
            return self._leave("a camera with lines of another width")
        if not self._canvas.works:
            return self._leave("this build of Cairo")
        odd = next((mobject for mobject in mobjects if not is_plain(mobject)), None)
        return odd is None or self._leave(f"a {type(odd).__name__}")

    def _leave(self, reason: str) -> bool:
        if reason not in self.left_to_manim:
            self.left_to_manim.add(reason)
            logger.warning("Drawing by Manim's own camera, slowly, because of %s.", reason)
        return False

    def get_frame(self) -> np.ndarray:
        """The frame drawn last, RGBA."""
        return self._canvas.pixels.copy()

    def still(self, scene: Scene) -> np.ndarray:
        """The scene as it stands, RGB, shape (height, width, 3)."""
        self.save_static_frame_data(scene, [])
        self._drawn(scene, [])
        self.static_image = None
        return self._canvas.pixels[:, :, :3].copy()

    def scene_finished(self, scene: Scene) -> None:  # noqa: ARG002
        """Nothing is left to assemble: every clip is whole when it is closed."""
        self.static_image = None
