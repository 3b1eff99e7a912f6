-- says: the two runs were not asked for the same: {what}
-- refuted-by: run alike, the times differ as before
-- source: Knuth, The Art of Computer Programming, vol. 1, 1.2.10 (counting before timing); Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!" (ASPLOS 2009)
-- Whatever else is found comes after this: it may hold as well, but nobody can tell.
SELECT d.loop, CASE WHEN d.code_changed AND d.iterations_a IS NOT DISTINCT FROM d.iterations_b THEN 0.7 ELSE 0.99 END AS strength,
       string_agg(r.says, '; ' ORDER BY r.says) AS what,
       list_filter([min('runs: ' || r.says), 'trips: ' || d.iterations_a || ' iterations in a, ' || d.iterations_b || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d, run_edits r
WHERE d.verdict IN ('faster', 'slower') OR d.iterations_a <> d.iterations_b
GROUP BY d.loop, d.code_changed, d.iterations_a, d.iterations_b, d.time_ratio
