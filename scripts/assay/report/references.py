"""The references that a report can cite: key → kind of BibTeX entry and its fields."""

from __future__ import annotations

from collections.abc import Mapping

Reference = tuple[str, Mapping[str, str]]


def _article(
    author: str, year: int, title: str, journal: str, volume: str = "", pages: str = "", doi: str = ""
) -> Reference:
    number = {"volume": volume, "pages": pages, "doi": doi}
    fields = {"author": author, "title": f"{{{title}}}", "journal": journal, "year": str(year)}
    return "article", fields | {name: value for name, value in number.items() if value}


def _talk(author: str, year: int, title: str, booktitle: str, pages: str = "", doi: str = "") -> Reference:
    number = {"pages": pages, "doi": doi}
    fields = {"author": author, "title": f"{{{title}}}", "booktitle": booktitle, "year": str(year)}
    return "inproceedings", fields | {name: value for name, value in number.items() if value}


_NEURIPS = "Advances in Neural Information Processing Systems"
_ICLR = "International Conference on Learning Representations"

REFERENCES: Mapping[str, Reference] = {
    # statistics
    "student1908": _article(
        "Student", 1908, "The Probable Error of a Mean", "Biometrika", "6", "1--25",
        "10.1093/biomet/6.1.1",
    ),
    "holm1979": _article(
        "Holm, Sture", 1979, "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics", "6", "65--70",
    ),
    "westfall1993": (
        "book",
        {
            "author": "Westfall, Peter H. and Young, S. Stanley",
            "title": "{Resampling-Based Multiple Testing: Examples and Methods for p-Value Adjustment}",
            "publisher": "Wiley",
            "year": "1993",
        },
    ),
    "benjamini1995": _article(
        "Benjamini, Yoav and Hochberg, Yosef", 1995,
        "Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing",
        "Journal of the Royal Statistical Society: Series B", "57", "289--300",
        "10.1111/j.2517-6161.1995.tb02031.x",
    ),
    "schuirmann1987": _article(
        "Schuirmann, Donald J.", 1987,
        "A Comparison of the Two One-Sided Tests Procedure and the Power Approach for Assessing the "
        "Equivalence of Average Bioavailability",
        "Journal of Pharmacokinetics and Biopharmaceutics", "15", "657--680", "10.1007/BF01068419",
    ),
    "nadeau2003": _article(
        "Nadeau, Claude and Bengio, Yoshua", 2003, "Inference for the Generalization Error",
        "Machine Learning", "52", "239--281", "10.1023/A:1024068626366",
    ),
    "lakens2013": _article(
        "Lakens, Dani{\\\"e}l", 2013,
        "Calculating and Reporting Effect Sizes to Facilitate Cumulative Science: A Practical Primer for "
        "t-Tests and {ANOVAs}",
        "Frontiers in Psychology", "4", "863", "10.3389/fpsyg.2013.00863",
    ),
    "wilcoxon1945": _article(
        "Wilcoxon, Frank", 1945, "Individual Comparisons by Ranking Methods", "Biometrics Bulletin", "1",
        "80--83", "10.2307/3001968",
    ),
    "fisher1935": ("book", {
        "author": "Fisher, Ronald A.", "title": "{The Design of Experiments}",
        "publisher": "Oliver and Boyd", "address": "Edinburgh", "year": "1935",
    }),
    "phipson2010": _article(
        "Phipson, Belinda and Smyth, Gordon K.", 2010,
        "Permutation {P}-values Should Never Be Zero: Calculating Exact {P}-values When Permutations Are "
        "Randomly Drawn",
        "Statistical Applications in Genetics and Molecular Biology", "9", "39", "10.2202/1544-6115.1585",
    ),
    "agarwal2021": _talk(
        "Agarwal, Rishabh and Schwarzer, Max and Castro, Pablo Samuel and Courville, Aaron C. and "
        "Bellemare, Marc G.", 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
        f"{_NEURIPS} 34",
    ),
    "benavoli2017": _article(
        "Benavoli, Alessio and Corani, Giorgio and Dem{\\v{s}}ar, Janez and Zaffalon, Marco", 2017,
        "Time for a Change: A Tutorial for Comparing Multiple Classifiers Through {Bayesian} Analysis",
        "Journal of Machine Learning Research", "18", "1--36",
    ),
    "lan1983": _article(
        "Lan, K. K. Gordon and DeMets, David L.", 1983,
        "Discrete Sequential Boundaries for Clinical Trials", "Biometrika", "70", "659--663",
        "10.1093/biomet/70.3.659",
    ),
    "obrien1979": _article(
        "O'Brien, Peter C. and Fleming, Thomas R.", 1979,
        "A Multiple Testing Procedure for Clinical Trials", "Biometrics", "35", "549--556",
        "10.2307/2530245",
    ),
    "pocock1977": _article(
        "Pocock, Stuart J.", 1977,
        "Group Sequential Methods in the Design and Analysis of Clinical Trials", "Biometrika", "64",
        "191--199", "10.1093/biomet/64.2.191",
    ),
    # training
    "hinton2015": _article(
        "Hinton, Geoffrey and Vinyals, Oriol and Dean, Jeff", 2015,
        "Distilling the Knowledge in a Neural Network", "arXiv preprint arXiv:1503.02531",
    ),
    "kingma2015": _talk(
        "Kingma, Diederik P. and Ba, Jimmy", 2015, "{Adam}: A Method for Stochastic Optimization", _ICLR,
    ),
    "loshchilov2019": _talk(
        "Loshchilov, Ilya and Hutter, Frank", 2019, "Decoupled Weight Decay Regularization", _ICLR,
    ),
    "lin2017": _talk(
        "Lin, Tsung-Yi and Goyal, Priya and Girshick, Ross and He, Kaiming and Doll{\\'a}r, Piotr", 2017,
        "Focal Loss for Dense Object Detection", "IEEE International Conference on Computer Vision",
        "2980--2988", "10.1109/ICCV.2017.324",
    ),
    "szegedy2016": _talk(
        "Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and Shlens, Jon and Wojna, Zbigniew",
        2016, "Rethinking the {Inception} Architecture for Computer Vision",
        "IEEE Conference on Computer Vision and Pattern Recognition", "2818--2826", "10.1109/CVPR.2016.308",
    ),
    "khosla2020": _talk(
        "Khosla, Prannay and Teterwak, Piotr and Wang, Chen and Sarna, Aaron and Tian, Yonglong and "
        "Isola, Phillip and Maschinot, Aaron and Liu, Ce and Krishnan, Dilip", 2020,
        "Supervised Contrastive Learning", f"{_NEURIPS} 33",
    ),
    # software
    "paszke2019": _talk(
        "Paszke, Adam and Gross, Sam and Massa, Francisco and Lerer, Adam and Bradbury, James and others",
        2019, "{PyTorch}: An Imperative Style, High-Performance Deep Learning Library", f"{_NEURIPS} 32",
    ),
    "harris2020": _article(
        "Harris, Charles R. and Millman, K. Jarrod and van der Walt, St{\\'e}fan J. and others", 2020,
        "Array Programming with {NumPy}", "Nature", "585", "357--362", "10.1038/s41586-020-2649-2",
    ),
    "molder2021": _article(
        "M{\\\"o}lder, Felix and Jablonski, Kim Philipp and Letcher, Brice and others", 2021,
        "Sustainable Data Analysis with {Snakemake}", "F1000Research", "10", "33",
        "10.12688/f1000research.29032.2",
    ),
    "pedregosa2011": _article(
        "Pedregosa, Fabian and Varoquaux, Ga{\\\"e}l and Gramfort, Alexandre and others", 2011,
        "{Scikit-learn}: Machine Learning in {Python}", "Journal of Machine Learning Research", "12",
        "2825--2830",
    ),
}  # fmt: skip
