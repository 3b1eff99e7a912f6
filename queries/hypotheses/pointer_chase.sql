-- says: in {side} each step loads the address of the next: a load waits for the one before it, and nothing can be fetched ahead
-- refuted-by: with the elements one after another in memory the time stays
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 3.3.2 (linked lists); Agner Fog, Optimizing software in C++, ch. 9.7
SELECT loop, 0.955 AS strength, side,
       list_filter([counted('loads of the next load''s address', chased_a, chased_b),
                    'hot_places: ' || round(cycles_a, 1) || ' cycles an iteration in a, ' || round(cycles_b, 1) || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN chased_b > chased_a THEN 'b' ELSE 'a' END AS side FROM d)
WHERE chased_a <> chased_b AND least(chased_a, chased_b) = 0
