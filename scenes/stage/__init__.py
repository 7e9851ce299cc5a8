"""The stage: a chapter's steps, their beats, and what plays while they are said."""
