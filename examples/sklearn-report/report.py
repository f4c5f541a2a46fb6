"""Groups measurements and prints how many are in each group."""

import csv
import sys

import numpy
from sklearn.cluster import KMeans


def main(path):
    with open(path, newline="") as file:
        rows = numpy.array([[float(cell) for cell in row] for row in csv.reader(file)])
    groups = KMeans(n_clusters=2, n_init=5, random_state=1).fit_predict(rows)
    print("groups:", sorted(numpy.bincount(groups).tolist()))


if __name__ == "__main__":
    main(sys.argv[1])
