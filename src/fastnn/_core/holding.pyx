from fastnn._core.constraint cimport make_constraint


cdef bint make_holding(Holding* holding, dict settings) except False:
    holding.penalty = Penalty(settings["l1"], settings["l2"])
    holding.shared = settings["shared"]
    holding.penalised = holding.penalty.l1 != 0 or holding.penalty.l2 != 0
    make_constraint(&holding.constraint, settings["constraint"], settings["limit"])
    holding.decays = settings["decays"]
    return True
