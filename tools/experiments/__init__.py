"""The experiments of the second-order chapters; `tools/ablation.py` runs them.

===========  =====================================================================================
plans        what each table asks, and the statistic that answers, fixed before its runs
ledger       jobs and their records: one file a job, written whole, so that a kill loses one job
running      does the jobs that are missing, in one process or several, and merges their records
tables       what all tables have in common
registry     the tables by their names
trained      what tables of trained networks share: choices, runs, later measurements
frozen       maps of a frozen trunk, computed once; benchmarks that are measured behind it
fine_tuning  tables `lite` and `mini`: attention, or its controls, on a frozen trunk
heads        a small network on maps or vectors that are kept
agreement    table `agreement`: what the second-order loss does to lists of similarities
one_block    table `crowd`: one attention block on maps of crowded pictures
reader       which shape and which colour a position of the maps shows
relations    table `relations`: one block on what the reader says
parts        table `parts`: the world of parts
local_pairs  pairs of images of known geometry, their keypoints and patches
local_methods  methods that match two images, by name
local        table `local`: patch descriptors on real photographs
===========  =====================================================================================
"""
