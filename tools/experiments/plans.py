"""What each table asks, and the statistic that answers: written before the runs.

A plan is stored in the results, so that a reader can compare what was asked with what was told.
"""

WRITTEN = "2026-11-25"  # the day of these plans

# every interval of a difference between two arms is made in this way
CROSSED = (
    "differences of runs with the same seed, averaged over the queries of each landmark; the mean "
    "over seeds and landmarks, with a 95 % interval from 4,000 draws of both (crossed bootstrap)"
)
CORRECTED = "all contrasts but the primary one: intervals at 1 - 0.05 / m (Bonferroni)"

PLANS = {
    "lite": dict(
        question="Does attention help a network whose trunk learnt from real photographs?",
        hypotheses=[
            "H1: blocks that learn raise mAP over the head alone, whatever A is",
            "H2: attention (soa) is better than the same layers without it (identity)",
            "H3: attention is better than a mean over all positions (even)",
        ],
        network="EfficientNet-Lite0 with ImageNet weights, frozen; blocks behind conv4_x and "
        "conv5_x; GeM with p = 3, frozen; whitening that starts as PCA and learns",
        arms="none, identity, even, soa: the same parameters and the same start in the last three",
        choice="each arm's rate out of 3e-4, 1e-3, 3e-3 and 0 (no training) by mAP on the held-out "
        "landmarks of the training set after two epochs of the four, with seed 100",
        runs="seeds 0 to 4 at the chosen rate, measured after four epochs of 40 steps",
        primary=dict(a="soa", b="identity", benchmark="mini-ablation", protocol="medium"),
        statistic=CROSSED,
        secondary="soa - even, soa - none, identity - none in all protocols, soa - identity in "
        "easy and hard; the same on mini-validation; on mini-revisitop once, at the very end",
        correction=CORRECTED,
    ),
    "last": dict(
        question="Does attention help a network whose trunk learnt from real photographs, behind "
        "its last stage?",
        hypotheses=[
            "H1: a block that learns raises mAP over the head alone, whatever A is",
            "H2: attention (soa) is better than the same layers without it (identity)",
            "H3: attention is better than a mean over all positions (even)",
        ],
        network="EfficientNet-Lite0 with ImageNet weights, frozen; a block behind conv5_x; GeM "
        "with p = 3, frozen; whitening that starts as PCA and learns",
        arms="none, identity, even, soa: the same parameters and the same start in the last three",
        choice="each arm's rate out of 3e-4, 1e-3, 3e-3 and 0 (no training) by mAP on the held-out "
        "landmarks of the training set after three epochs of the four, with seed 100",
        runs="seeds 0 to 4 at the chosen rate, measured after four epochs of 40 steps",
        primary=dict(a="soa", b="identity", benchmark="mini-ablation", protocol="medium"),
        statistic=CROSSED,
        secondary="soa - even, soa - none, identity - none in all protocols, soa - identity in "
        "easy and hard; the same on mini-validation; on mini-revisitop once, at the very end",
        correction=CORRECTED,
    ),
    "mini": dict(
        question="Do attention and the second-order loss help the small network, and do SOLAR's "
        "own settings draw all descriptors together?",
        hypotheses=[
            "H1: attention (soa) is better than the same layers without it (identity)",
            "H2: the second-order loss at the chosen weight raises mAP in every arm",
            "H3: with triplets and a weight of 10, distances of negatives fall at 1e-4 and not at "
            "1e-6 (over 200 steps, 1e-4 lets a weight travel about as far as 1e-6 does in the "
            "hundred epochs of the paper)",
        ],
        network="the trunk of mini-gem, frozen; a block behind conv5_x; GeM's p frozen",
        arms="none, identity, even, soa, each with weight 0 and with a chosen weight; triplets: "
        "soa with mined triplets and weight 10 at rates 1e-6, 1e-5, 1e-4, seeds 0 to 2",
        choice="each arm's rate (3e-4, 1e-3, 3e-3 or 0) and weight (0.5, 2, 10) from one grid by "
        "mAP on held-out landmarks after three epochs, with seed 100",
        runs="seeds 0 to 4 at the chosen settings, measured after five epochs of 40 steps",
        primary=dict(a="soa", b="identity", benchmark="mini-ablation", protocol="medium"),
        statistic=CROSSED + "; both arms with weight 0",
        secondary="soa - even, soa - none, identity - none with weight 0; chosen weight - weight "
        "0 in every arm; all protocols; mini-validation; mini-revisitop once, at the very end",
        correction=CORRECTED,
    ),
    "agreement": dict(
        question="What does the weight of the second-order loss buy, and what does it cost?",
        hypotheses=[
            "H1: a larger weight makes the similarity lists of query and positive agree more",
            "H2: where few landmarks are learnt from, it narrows the gap of mAP between landmarks "
            "that were learnt from and landmarks that were not",
            "H3: with many landmarks it lowers mAP",
        ],
        network="whitening alone, on pooled vectors of EfficientNet-Lite0, from the PCA start",
        arms="weights 0, 0.5, 2, 10; forms 'solar' (squared distances, mined negatives, one root "
        "for the batch) and 'sosnet' (distances, nearest neighbours, a root for each); 35, 70, "
        "140, 525 training landmarks, each set within the next",
        choice="the rate of each setting out of 3e-4, 1e-3, 3e-3 by mAP on held-out landmarks, "
        "with seed 100",
        runs="seeds 0 to 4",
        primary=dict(
            measure="agreement",
            where="mini-ablation",
            a=dict(sos=10.0, form="solar", landmarks=525),
            b=dict(sos=0.0, form="solar", landmarks=525),
        ),
        statistic="rank agreement: Spearman's correlation of the similarity lists of a query and "
        "of its first positive over all images of other landmarks; " + CROSSED,
        secondary="mAP on mini-ablation in all protocols; on held-out landmarks the agreement of "
        "pairs of images, and mAP, after learning from each number of landmarks; the gap: mAP on "
        "the first 35 training landmarks less mAP on the first 35 held-out landmarks, each "
        "searched among its own images; weights 0.5 and 2; the form of sosnet",
        correction=CORRECTED,
    ),
    "crowd": dict(
        question="Does attention help more, the more other landmarks stand in the picture?",
        hypotheses=[
            "H1: the gain of soa over identity grows with the number of others",
            "H2: among 4 others soa is better than identity",
            "H3: the gain is largest where the landmark fills least of the picture",
        ],
        network="maps of conv4_x of EfficientNet-Lite0 (112 channels), frozen; one block without "
        "reduction; ReLU; GeM with p = 3; whitening that starts as PCA",
        arms="none, identity, even, soa",
        choice="each arm's rate out of 3e-4, 1e-3, 3e-3 by mAP on held-out landmarks after eight "
        "epochs of the fifteen, with seed 100",
        runs="seeds 0 to 4, measured after fifteen epochs of 40 steps",
        primary=dict(
            a="soa",
            b="identity",
            benchmarks={"mini-crowd-0": 0, "mini-crowd-1": 1, "mini-crowd-2": 2, "mini-crowd-4": 4},
            protocol="medium",
            measure="slope over log2(1 + others)",
        ),
        statistic="for each seed and landmark the slope, by least squares, of the difference of "
        "average precisions over log2(1 + others); mean and 95 % interval from 4,000 draws of "
        "seeds and landmarks (crossed bootstrap)",
        secondary="soa - identity, soa - even, soa - none, identity - none at each number of "
        "others; soa - identity by stratum of the landmark's share of the picture, among 4 others",
        correction=CORRECTED,
    ),
    "relations": dict(
        question="Does attention help where only the relations of parts tell landmarks apart, in "
        "rendered pictures whose positions can be read?",
        hypotheses=["H1: soa is better than identity", "H2: soa is better than even"],
        network="maps of conv4_x of EfficientNet-Lite0 (112 channels), frozen; a reader of each "
        "position, two 1 x 1 layers that learnt shapes and colours from pictures of 80 training "
        "landmarks, frozen; one block without reduction on what it says (32 channels); ReLU; GeM "
        "with p = 3; whitening that starts as PCA",
        arms="none, identity, even, soa; in all of them a batch holds pairs of twins, in pictures "
        "that differ in nothing but who is painted alike",
        choice="of the reader, of a steady rate and of batches of 24 landmarks: after trials on "
        "held-out landmarks with other seeds. In these, without a reader no arm left chance (4 %), "
        "not even the pool over the landmark's own positions (10 %; behind the reader 71 %). Each "
        "arm's rate: out of 1e-3, 4e-3, 1.6e-2 by mAP on held-out landmarks after ten epochs of "
        "the fifteen, with seed 100",
        runs="seeds 0 to 4, measured after fifteen epochs of 40 steps",
        primary=dict(a="soa", b="identity", benchmark="mini-relations", protocol="medium"),
        statistic=CROSSED,
        secondary="soa - even, soa - none, identity - none; in all arms the share of pictures that "
        "are told from the twin's picture with the same number (half of them by chance); what can "
        "be found where the landmark's own positions are known, on held-out landmarks",
        correction=CORRECTED,
    ),
    "parts": dict(
        question="Where relations must decide, does attention decide, and from which clutter on?",
        hypotheses=[
            "H1: where the landmark fills a quarter of the map, soa is better than identity",
            "H2: and better than even",
            "H3: where it fills nine tenths, no arm is better than another by more than 3 points",
        ],
        network="a block on maps of parts, GeM, whitening; all learn",
        arms="none, identity, even, soa",
        choice="each arm's rate out of 4e-3, 8e-3, 1.6e-2 by mAP, averaged over the four shares, "
        "on 100 landmarks of validation, with seed 100; in all arms 600 steps, and GeM with p = 3, "
        "frozen",
        runs="seeds 0 to 4, measured on 320 landmarks at shares 0.9, 0.6, 0.4, 0.25",
        primary=dict(a="soa", b="identity", share="0.25"),
        statistic=CROSSED,
        secondary="soa - even, soa - none, identity - none at every share",
        correction=CORRECTED,
    ),
    "local": dict(
        question="Does a patch descriptor that learns from real photographs find more right "
        "matches than RootSIFT, and does attention add to it?",
        hypotheses=[
            "H1: on test photographs arm none has more right matches than RootSIFT, at no lower "
            "precision, and on views of rendered landmarks no fewer",
            "H2: attention (soa) finds more right matches than the same layers without it "
            "(identity)",
            "H3: attention finds more than a mean over all positions (even)",
        ],
        network="SOSNet of half the width, which first learns for three epochs without blocks; "
        "blocks behind layers 3, 4 and 5, which at first add nothing; then all learns",
        arms="none, identity, even, soa: from the same start, for one more epoch; the same "
        "parameters in the last three",
        choice="of the start: rate 1e-2, weight 0.3 of the second-order loss, rendered patches and "
        "photographs together, batches of 128, after short trials of arm none with seed 99 on the "
        "validation photographs (the list `trials`); of the last epoch: the rate out of 3e-3 and "
        "1e-2, one for all arms, by right matches on the validation photographs, the mean of none "
        "and soa, with seed 100",
        runs="seeds 0 to 4, measured after the last epoch; views of 12 landmarks",
        primary=dict(a="soa", b="identity", where="photographs", measure="right"),
        statistic="differences of runs with the same seed, averaged over the warps of each "
        "photograph; the mean over seeds and photographs, with a 95 % interval from 4,000 draws of "
        "both (crossed bootstrap); RootSIFT has no seed and is the same in all of them",
        secondary="none - RootSIFT (the goal, H1) and soa - RootSIFT in right matches, precision "
        "and matching score, on photographs and on views; soa - even, soa - none, identity - none "
        "on photographs; all four on views; FPR95 of test patches",
        correction=CORRECTED,
    ),
    "local_long": dict(
        question="Does a longer training reach what the table `local` did not: more right matches "
        "than RootSIFT on test photographs, at no lower precision?",
        hypotheses=["H1 of the table `local`, after a start of ten epochs instead of three"],
        network="as in the table `local`",
        arms="as in the table `local`",
        choice="none: the rates of the table `local`. It was planned when that table had measured "
        "arm none with seed 0: 0.5 more right matches than RootSIFT, at 1.1 points less precision "
        "(0.9 more, at 1.4 less, on the validation photographs)",
        runs="arms: seed 0; starts: seeds 0 to 4, of which 1 to 4 were added when the test numbers "
        "of seed 0 had been seen, with no setting changed",
        primary=dict(a="none", b="sift", where="photographs", measure="right"),
        statistic="of the arms: the mean over photographs, each averaged over its warps, with a "
        "95 % interval from draws of photographs; with one seed it says nothing about other seeds; "
        "start - RootSIFT over the seeds 1 to 4, and over all five: " + CROSSED,
        secondary="as in the table `local`",
        correction=CORRECTED,
    ),
}
