"""The compiled core. Its modules trust their callers: use :mod:`fastnn.functional` instead."""
