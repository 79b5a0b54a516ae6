"""Segmentation metrics by scikit-learn, and by mmsegmentation's and detectron2's formulae in NumPy: the numbers that the
Swift evaluation is held to. Both ways have to agree before a number is given out.
"""
import numpy as np
from sklearn import metrics as sk


def by_formulae(truth, found, classes):
    """Ratios without a denominator are NaN and left out of means."""
    area = lambda labels: np.bincount(labels, minlength=classes)
    hit, true, predicted = area(truth[truth == found]), area(truth), area(found)
    with np.errstate(invalid="ignore", divide="ignore"):
        iou, accuracy = hit / (true + predicted - hit), hit / true
        mean = lambda values: np.nan if np.isnan(values).all() else np.nanmean(values)
        return {
            "pixel_accuracy": hit.sum() / true.sum(), "mean_accuracy": mean(accuracy), "mean_iou": mean(iou),
            "mean_iou_of_true_classes": mean(iou[true > 0]) if (true > 0).any() else np.nan,
            "frequency_weighted_iou": np.nansum(true / true.sum() * iou) if true.sum() else np.nan,
            "iou": iou, "accuracy": accuracy, "true_pixels": true, "predicted_pixels": predicted,
        }


def by_scikit_learn(truth, found, classes):
    """The same, as far as scikit-learn has it."""
    labels = np.arange(classes)
    confusion = sk.confusion_matrix(truth, found, labels=labels)
    there = np.unique(truth)
    iou = sk.jaccard_score(truth, found, labels=labels, average=None, zero_division=0.0)
    accuracy = sk.recall_score(truth, found, labels=labels, average=None, zero_division=np.nan)
    iou[(confusion.sum(0) + confusion.sum(1)) == 0] = np.nan
    return {
        "pixel_accuracy": sk.accuracy_score(truth, found),
        "mean_accuracy": sk.recall_score(truth, found, labels=there, average="macro"),
        "mean_iou_of_true_classes": sk.jaccard_score(truth, found, labels=there, average="macro"),
        "mean_iou": sk.jaccard_score(truth, found, labels=np.union1d(there, found), average="macro", zero_division=0.0),
        "frequency_weighted_iou": sk.jaccard_score(truth, found, labels=there, average="weighted"),
        "iou": iou, "accuracy": accuracy, "true_pixels": confusion.sum(1), "predicted_pixels": confusion.sum(0),
    }


def of(truth, found, classes):
    """Metrics of two arrays of class indices; a truth below 0 is left out. NaN becomes None."""
    known = truth >= 0
    truth, found = truth[known].astype(np.int64), found[known].astype(np.int64)
    result = by_formulae(truth, found, classes)
    if len(truth):
        for name, value in by_scikit_learn(truth, found, classes).items():
            np.testing.assert_allclose(result[name], value, rtol=1e-13, atol=0, err_msg=name)
    return {name: plain(value) for name, value in result.items()}


def plain(value):
    values = [None if np.isnan(number) else number for number in np.atleast_1d(value).tolist()]
    return values if np.ndim(value) else values[0]
