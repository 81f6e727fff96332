"""A network's parameters in tiles: see tiles.pyx."""
from fastreg._kernels.layer cimport Share


# Numbers start..stop of the vector of parameters.
cdef struct Tile:
    Py_ssize_t start, stop
    Py_ssize_t layer
    Py_ssize_t group         # of weights: which layer with weights; else -1
    Py_ssize_t panel         # where a layer is shared by panels; else -1
    Py_ssize_t middle        # else: work of such tiles before this one, and half of its own


# Tiles first..last of one layer, which lie one after the other.
cdef struct Piece:
    Py_ssize_t first, last


cdef class Tiles:
    cdef readonly Py_ssize_t n
    cdef Tile *tile
    cdef Py_ssize_t work     # of all tiles but those shared by panels
    cdef Py_ssize_t fixed    # of those

    cdef bint takes(self, Py_ssize_t tile, const Share *share) noexcept nogil
    cdef Py_ssize_t count(self, const Share *share) noexcept nogil
    cdef bint next_piece(self, Piece *piece, const Share *share) noexcept nogil
