"""What people look at: tables and figures, a module a notebook, and the pages of notebooks.

==================  ===============================================================
``dataset``         notebook 01: what a file holds, how circuits are distributed
``search``          notebook 02: trials of a study
``training``        notebook 03: losses by epoch
``results``         notebook 04: how good a network's answers are
``regret``          notebook 04: what following them costs
``week``            notebook 05: what the stages of a week left
``seeds``           notebook 08: a table's mean and deviation over seeds
``recommendation``  notebooks 00 and 06: one circuit's parameters
``pages``           runs notebooks headlessly and makes pages of them
``standins``        what a notebook needs to run on its own
``provenance``      where a number comes from
``style``           number formats, colours, the look of figures
==================  ===============================================================
"""
