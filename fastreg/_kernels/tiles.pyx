"""A network's parameters in tiles: what threads share after a batch has been through.

A tile lies in one piece, and its bounds depend on the network alone. Where a layer is
shared by panels (see linear.pyx), a thread takes the tiles of its panels; of the others, in
their order, those that are its share of all their work.
"""
from libc.stdlib cimport calloc, free

from fastreg._kernels.layer cimport Share

cdef enum:
    PIECE = 32768        # parameters whose gradients are formed in one go, at most
    STEP_ROWS = 64       # a tile's step costs what its products with so many rows do
    TRANSPOSE_ROWS = 80  # and its transpose


cdef class Tiles:
    """The tiles of `layers`, whose parameters are from `offsets` on, for batches of n_rows."""

    def __init__(self, layers, offsets, Py_ssize_t n_rows):
        cdef Tile *tile
        cdef Py_ssize_t cost, i = 0, group = -1
        tiles_of_layers = [layer.tiles() for layer in layers]
        self.n = sum(map(len, tiles_of_layers))
        self.tile = <Tile *> calloc(max(self.n, 1), sizeof(Tile))
        if self.tile == NULL:
            raise MemoryError
        for k, (layer, offset, tiles) in enumerate(zip(layers, offsets, tiles_of_layers)):
            group += any(is_weight for _, _, is_weight, _ in tiles)
            cost = n_rows + STEP_ROWS + (TRANSPOSE_ROWS if layer.refreshes else 0)
            for start, stop, is_weight, panel in tiles:
                tile = &self.tile[i]
                tile.start, tile.stop, tile.layer = offset + start, offset + stop, k
                tile.group, tile.panel = group if is_weight else -1, panel
                if panel < 0:
                    tile.middle = self.work + (stop - start) * cost // 2
                    self.work += (stop - start) * cost
                else:
                    self.fixed += (stop - start) * (cost + n_rows)
                i += 1

    def __dealloc__(self):
        free(self.tile)

    @property
    def fraction(self):
        """Of the work between two waits that is not shared by panels: gradients and steps of all
        tiles, and the way forward through those that are."""
        return <double> self.work / max(self.work + self.fixed, 1)

    cdef bint takes(self, Py_ssize_t tile, const Share *share) noexcept nogil:
        """Whether a tile is this thread's."""
        cdef const Tile *t = &self.tile[tile]
        if share.n_threads == 1:
            return True
        if t.panel < 0:
            return share.low * self.work <= t.middle < share.high * self.work
        return share.first_panel <= t.panel < share.last_panel

    cdef Py_ssize_t count(self, const Share *share) noexcept nogil:
        """How many tiles are this thread's."""
        cdef Py_ssize_t tile, total = 0
        for tile in range(self.n):
            total += self.takes(tile, share)
        return total

    cdef bint next_piece(self, Piece *piece, const Share *share) noexcept nogil:
        """The thread's next tiles from piece.last on; false where there are none."""
        cdef Py_ssize_t first = piece.last, last
        while first < self.n and not self.takes(first, share):
            first += 1
        if first == self.n:
            return False
        last = first + 1
        while (last < self.n and self.tile[last].layer == self.tile[first].layer
               and self.tile[last].stop - self.tile[first].start <= PIECE
               and self.takes(last, share)):
            last += 1
        piece.first, piece.last = first, last
        return True
