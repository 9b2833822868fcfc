"""The load client's own measure: a reflector hands every packet to all viewers, and none is missed."""

from vtp.bench.load_limit import measure


async def test_every_reflected_packet_is_received_and_the_clients_cpu_is_told() -> None:
    limit = await measure(viewers=5, packets_per_s=2_500, seconds=0.5)
    assert 1_500 < limit.packets_per_s < 3_500
    assert limit.loss_pct == limit.dropped_here == 0
    assert 0 < limit.client_core_share < 1
    assert limit.client_us_per_packet > 0 and limit.reflector_us_per_packet > 0
