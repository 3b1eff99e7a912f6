-- says: the loop divides now, and the divider is the slowest unit of the processor
-- refuted-by: without the division the time stays
-- expects: slower
-- source: Agner Fog, Instruction tables (latency of div, sqrt); Hacker's Delight, ch. 10 (division by constants)
SELECT loop, 0.94 AS strength,
       list_filter([counted('divisions and square roots', divided_a, divided_b),
                    'mca: bound by ' || bound_a || ' in a, by ' || bound_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d WHERE divided_a = 0 AND divided_b > 0
