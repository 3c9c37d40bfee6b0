"""What `fastnn train digits` reaches: the median of five seeds on the fixed test part."""

from statistics import median

from fastnn.datasets import digits_split
from fastnn.digits import train_digits


def test_median_test_accuracy_of_five_seeds_is_at_least_98_percent():
    _, _, x_test, y_test = digits_split()
    accuracies = []
    for seed in range(5):
        net, _ = train_digits(seed=seed)
        accuracies.append(net.evaluate(x_test, y_test)["accuracy"])
    assert median(accuracies) >= 0.98, accuracies
    assert min(accuracies) >= 0.97, accuracies
