"""What `vtp.media.sctp` takes from aiortc's private side; fails first when an upgrade changes it."""

import inspect

import pytest
from aiortc import rtcsctptransport
from aiortc.rtcsctptransport import RTCSctpTransport

from tests.unit.data_peer import RawPeer
from vtp.media.sctp import SctpAssociation

OVERRIDDEN = {
    "_set_state": ["self", "state"],
    "_receive_chunk": ["self", "chunk"],
    "_receive_data_chunk": ["self", "chunk"],
    "_receive_forward_tsn_chunk": ["self", "chunk"],
    "_receive_sack_chunk": ["self", "chunk"],
    "_mark_received": ["self", "tsn"],
    "_send_chunk": ["self", "chunk"],
    "_receive": ["self", "stream_id", "pp_id", "data"],
    "_reset_deferred_streams": ["self"],
    "_data_channel_reset": ["self", "stream_id"],
    "_data_channel_closed": ["self", "stream_id"],
    "_data_channel_flush": ["self"],
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_method_that_we_override_has_the_same_form(name: str) -> None:
    theirs, ours = getattr(RTCSctpTransport, name), vars(SctpAssociation)[name]
    assert list(inspect.signature(theirs).parameters) == OVERRIDDEN[name]
    assert list(inspect.signature(ours).parameters) == OVERRIDDEN[name]
    assert inspect.iscoroutinefunction(theirs) is inspect.iscoroutinefunction(ours)


@pytest.mark.parametrize("name", ["_handle_data", "_abort", "_send", "_transmit_reconfig"])
def test_coroutine_that_we_call_exists(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(RTCSctpTransport, name))


async def test_names_of_ours_are_none_of_theirs() -> None:
    theirs = set(vars(RTCSctpTransport(RawPeer().association.transport)))
    ours = set(vars(RawPeer().association)) - theirs
    assert ours >= {"_messages", "_closing", "_owner"}
    methods = {name for name in vars(SctpAssociation) if not name.startswith("__")} - set(OVERRIDDEN)
    assert not {name for name in methods | ours if hasattr(RTCSctpTransport, name)}
    used = ["_local_tsn", "_sent_queue", "_outbound_queue", "_inbound_streams", "_forward_tsn_chunk"]
    used += ["_sack_misordered", "_sack_duplicates", "_sack_needed", "_last_received_tsn", "_cwnd"]
    used += ["_advertised_rwnd", "_reconfig_queue", "_reconfig_deferred", "_data_channel_outbound_reset"]
    used += ["_remote_port", "_remote_partial_reliability", "_association_state"]
    assert set(used) <= theirs


def test_only_sending_can_wait() -> None:
    """Our way of running its coroutines to their end at once rests on this."""
    source = inspect.getsource(RTCSctpTransport)
    awaited = {line.split("await ")[1].split("(")[0] for line in source.splitlines() if "await " in line}
    assert {name for name in awaited if not name.startswith("self._")} <= {"super()._receive_chunk"}
    assert "self.__transport._send_data" in {
        name.replace("self._RTCSctpTransport", "self.") for name in awaited
    }


def test_states_and_chunks_that_we_name_exist() -> None:
    assert {"CLOSED", "ESTABLISHED"} <= set(RTCSctpTransport.State.__members__)
    assert rtcsctptransport.SackChunk().gaps == [] and rtcsctptransport.ForwardTsnChunk().streams == []
