"""What an array of parameters is drawn to and held to; of a layer's, which are trained."""
from fastnn._core.constraint cimport Constraint
from fastnn._core.penalty cimport Penalty

cdef struct Holding:
    Penalty penalty
    bint shared                 # whether the penalty is over the batch's weight
    bint penalised
    Constraint constraint
    bint decays                 # also where biases do not

cdef bint make_holding(Holding* holding, dict settings) except False
