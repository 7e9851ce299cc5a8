"""Questions on the lecture: for each chapter a file of its name, whose `questions(trace)` yields them.

They lie beside the chapters and not inside: code of a chapter is part of the key of its clips, and a word of a question
would draw its film anew.
"""
