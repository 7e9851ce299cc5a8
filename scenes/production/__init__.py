"""From steps to files: captions, jobs and their progress, clips, film, index and contact sheet."""
