-- says: in {side} {what}: such addresses share few sets of the cache, and push each other out{seen}
-- refuted-by: with rows or arrays padded by a cache line the time stays
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- contradicted-by: it walks over fewer lines than a set has room for | CASE side WHEN 'b' THEN trip_count_b ELSE trip_count_a END < 8
-- contradicted-by: cachegrind counts no more misses on that side | CASE side WHEN 'b' THEN missed_b <= 1.1 * missed_a ELSE missed_a <= 1.1 * missed_b END
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 3.3.1 and 6.2; Agner Fog, Optimizing software in C++, ch. 9.10 (cache contentions)
-- A set of a first-level cache with 64 sets of 64 bytes is that of every address 4096 bytes on.
WITH sized AS (
    SELECT loop, side, fact, in_loop,
           list_filter(list_transform(regexp_extract_all(text, '[0-9]+'), lambda n: try_cast(n AS BIGINT)),
                       lambda n: n >= 256 AND n & (n - 1) = 0) AS powers,
           regexp_replace(regexp_replace(text, '\s*\+\s*\w+', '', 'g'), '[0-9]+', '0', 'g') AS shape
    FROM edits
), padded AS (
    SELECT x.loop, x.side, min(x.fact) AS fact FROM sized x JOIN sized y ON y.loop = x.loop AND y.side <> x.side AND y.shape = x.shape
    WHERE len(x.powers) > len(y.powers)
       OR (x.fact NOT LIKE '%+%' AND y.fact LIKE '%+%' AND x.fact LIKE '%[%' AND len(x.powers) >= len(y.powers)) GROUP BY ALL
), strided AS (
    SELECT loop, 'b' AS side, stride_b AS stride FROM d WHERE stride_b >= 2048 AND stride_b % 2048 = 0 AND stride_a % 2048 <> 0 AND stride_a * 2 > stride_b
    UNION ALL
    SELECT loop, 'a', stride_a FROM d WHERE stride_a >= 2048 AND stride_a % 2048 = 0 AND stride_b % 2048 <> 0 AND stride_b * 2 > stride_a
)
SELECT d.loop, CASE WHEN s.stride IS NOT NULL THEN 0.93 ELSE 0.72 END AS strength, coalesce(s.side, p.side) AS side,
       CASE WHEN s.stride IS NOT NULL THEN 'an access moves by ' || s.stride || ' bytes each time, a multiple of a power of two'
            ELSE 'sizes are powers of two' END AS what,
       CASE WHEN d.missed_a IS NULL OR d.missed_b IS NULL THEN ' (misses were not counted: --cachegrind)'
            ELSE ': ' || round(100 * d.missed_a, 1) || ' % of the reads miss in a, ' || round(100 * d.missed_b, 1) || ' % in b' END AS seen,
       list_filter([CASE WHEN s.stride IS NOT NULL THEN 'instructions: steps of ' || d.stride_a || ' bytes in a, ' || d.stride_b || ' in b' END,
                    p.fact, 'cachegrind: reads that miss the first level, ' || round(d.missed_a, 3) || ' in a, ' || round(d.missed_b, 3) || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN strided s ON s.loop = d.loop
LEFT JOIN padded p ON p.loop = d.loop AND NOT d.code_changed AND d.iterations_a = d.iterations_b
WHERE coalesce(s.side, p.side) IS NOT NULL AND d.verdict IN ('faster', 'slower')
