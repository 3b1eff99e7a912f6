-- purpose: who called what takes the time, in words, the most frequent caller first
-- grain: sampled place (loop; outside loops function and object) x caller
-- columns: run_id, loop, function, object, place, says, samples, part, rank
-- part is that of the place's call chains. Functions have their linkage names in `says`. Names of a library that mean one
-- function (memmove for __memmove_evex, strtol for ____strtol_l_internal) are no callers of one another.
WITH plain AS (
    SELECT function, via,
           list_transform([function, via], lambda n: regexp_replace(regexp_replace(n, '@.*|\.(part|constprop|isra|cold).*', ''), '^(__GI_+)?(__libc_|_IO_|__isoc99_|__isoc23_)?_*(ieee754_)?', '')) AS bare,
           list_transform(bare, lambda n: regexp_replace(regexp_replace(regexp_replace(n, '_(avx|sse|ssse|evex|erms|unaligned|generic|sve|mops|fma).*$', ''), '(_l)?_internal$', ''), '_(usercnt|full)$', '')) AS names,
           CASE WHEN names[1] IS DISTINCT FROM names[2] AND NOT (names[1] IN ('memcpy', 'memmove') AND names[2] IN ('memcpy', 'memmove')) THEN nullif(regexp_replace(via, '(_l)?_internal$|_usercnt$', ''), '') END AS said
    FROM (SELECT DISTINCT function, via FROM callers)
)
SELECT run_id, loop, function, object, place,
       CASE WHEN object = '[kernel]' THEN coalesce('under ' || via || ' ', '') || 'in ' || caller
            ELSE 'called ' || coalesce('by ' || via || ' ', '') || 'in ' || caller END
       || coalesce(' (' || place || ')', '') AS says,
       samples, part, row_number() OVER (PARTITION BY run_id, loop, function, object ORDER BY samples DESC, says) AS rank
FROM (SELECT *, samples / sum(samples) OVER (PARTITION BY run_id, loop, function, object) AS part FROM (
      SELECT c.run_id, loop, c.function, object, caller, file || ':' || line AS place,
             p.said AS via, sum(count)::BIGINT AS samples
      FROM callers c LEFT JOIN plain p ON p.function IS NOT DISTINCT FROM c.function AND p.via IS NOT DISTINCT FROM c.via GROUP BY ALL))
WHERE caller IS NOT NULL
