-- says: the loop no longer divides: multiplications or shifts take the place of a slow unit
-- refuted-by: with the division back in the loop the time stays
-- expects: faster
-- source: Agner Fog, Instruction tables (latency of div, sqrt); Hacker's Delight, ch. 10 (division by constants)
SELECT loop, 0.94 AS strength,
       list_filter([counted('divisions and square roots', divided_a, divided_b),
                    'mca: bound by ' || bound_a || ' in a, by ' || bound_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d WHERE divided_a > 0 AND divided_b = 0
