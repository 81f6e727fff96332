"""fastreg.set_config, get_config, config_context."""

import threading

import pytest

import fastreg
from fastreg import config_context, get_config, set_config


@pytest.fixture(autouse=True)
def as_before():
    before = get_config()
    yield
    set_config(**before)
    assert get_config() == before


def in_a_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_set_config_holds_in_all_threads():
    set_config(moment_cache_mb=3)
    assert get_config() == {"moment_cache_mb": 3}
    assert in_a_thread(get_config) == {"moment_cache_mb": 3}
    set_config()
    set_config(moment_cache_mb=None)
    assert get_config() == {"moment_cache_mb": 3}


def test_config_context_holds_in_this_thread():
    default = get_config()
    with config_context(moment_cache_mb=1.5):
        assert get_config() == {"moment_cache_mb": 1.5}
        assert in_a_thread(get_config) == default
        with config_context(moment_cache_mb=0):
            assert get_config() == {"moment_cache_mb": 0}
            with config_context():
                assert get_config() == {"moment_cache_mb": 0}
        assert get_config() == {"moment_cache_mb": 1.5}
    assert get_config() == default


def test_set_config_in_a_block_ends_with_it():
    default = get_config()
    with config_context():
        set_config(moment_cache_mb=5)
        assert get_config() == {"moment_cache_mb": 5}
        assert in_a_thread(get_config) == default
    assert get_config() == default


def test_a_block_that_raises():
    default = get_config()
    with pytest.raises(ZeroDivisionError), config_context(moment_cache_mb=1):
        1 / 0  # noqa: B018
    assert get_config() == default


def test_a_copy_is_returned():
    get_config()["moment_cache_mb"] = -1
    assert get_config()["moment_cache_mb"] >= 0


@pytest.mark.parametrize("how", [set_config, lambda **kw: config_context(**kw).__enter__()])
def test_bad_values_change_nothing(how):
    default = get_config()
    with pytest.raises(ValueError, match=r"moment_cache_mb must be a number >= 0, got -1"):
        how(moment_cache_mb=-1)
    with pytest.raises(ValueError, match="moment_cache_mb"):
        how(moment_cache_mb=float("nan"))
    with pytest.raises(ValueError, match="moment_cache_mb"):
        how(moment_cache_mb=float("inf"))
    for value in ("64", True, [1]):
        with pytest.raises(TypeError, match="moment_cache_mb must be a number"):
            how(moment_cache_mb=value)
    with pytest.raises(TypeError, match="moment_cache_size"):
        how(moment_cache_size=3)
    with pytest.raises(TypeError, match="positional"):
        how(3) if how is set_config else config_context(3)
    assert get_config() == default


def test_info_names_its_fields():
    assert fastreg.moment_cache_info()._fields == ("hits", "misses", "bytes", "entries")
