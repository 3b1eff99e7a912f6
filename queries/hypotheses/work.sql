-- says: the loop does another amount of work: {times} times the iterations
-- refuted-by: the time for each iteration differs as much as that for all
-- expects: CASE WHEN times > 1 THEN 'slower' ELSE 'faster' END
-- contradicted-by: the time is the same | verdict = 'same'
-- source: Knuth, The Art of Computer Programming, vol. 1, 1.2.10 (counting before timing)
SELECT loop,
       CASE WHEN time_ratio / times BETWEEN 0.5 AND 2 THEN 0.94
            WHEN time_ratio IS NULL THEN 0.8 ELSE 0.6 END AS strength,
       times,
       list_filter(['trips: ' || iterations_a || ' iterations in a, ' || iterations_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, iterations_b / iterations_a AS times FROM d WHERE iterations_a > 0)
WHERE iterations_b > 0 AND times NOT BETWEEN 0.9 AND 1.1
