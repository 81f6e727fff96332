"""fastreg itself."""

import fastreg
from benchmarks.peers.interface import SklearnInterface

_peer = SklearnInterface(fastreg)
lasso, path, ridge, linear_model = _peer.lasso, _peer.path, _peer.ridge, _peer.linear_model
