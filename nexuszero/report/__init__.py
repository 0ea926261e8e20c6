"""What people look at: tables and figures, a module a notebook, and the site that they become.

==================  ===============================================================
``parameters``      notebook 01: named schemes, costs of LWE and SIS
``inference``       notebook 02: what a circuit asks, round by round
``searched``        notebook 03: proofs over all candidates, bytes by part
``proof``           notebook 04: the bytes of a proof, and what one wrong bit does
``dataset``         notebook 05: what a file holds, how circuits are distributed
``search``          notebook 07: trials of a study
``training``        notebook 08: losses by epoch
``results``         notebook 09: how good a network's answers are
``regret``          notebook 09: what following them costs
``reading``         notebook 09: where a network's reading of a circuit is right
``week``            notebook 10: what the stages of a week left
``seeds``           notebook 11: a table's mean and deviation over seeds
``recommendation``  notebooks 00 and 13: one circuit's parameters
``pages``           runs notebooks headlessly: a week, one circuit
``site``            makes pages of them that open with the network off
``standins``        what a notebook needs to run on its own
``provenance``      where a number comes from
``style``           number formats, colours, the look of figures
==================  ===============================================================
"""
