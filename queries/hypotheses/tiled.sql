-- says: the nest has {more} more loops around the same iterations: it works block by block, so lines are used while cached
-- refuted-by: on data that fits the first-level cache the time differs as much
-- expects: faster
-- source: Lam, Rothberg & Wolf, "The Cache Performance and Optimizations of Blocked Algorithms" (ASPLOS 1991)
SELECT loop, 0.94 AS strength, depth_b - depth_a AS more,
       list_filter(['loops: depth ' || depth_a || ' in a, ' || depth_b || ' in b (' || matched_by || ')',
                    'trips: ' || iterations_a || ' iterations in a, ' || iterations_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d WHERE depth_b > depth_a AND iterations_b / iterations_a BETWEEN 0.9 AND 1.1
