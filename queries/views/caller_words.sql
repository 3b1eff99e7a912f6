-- purpose: who called what takes the time, in words, the most frequent caller first
-- grain: sampled place (loop; outside loops function and object) x caller
-- columns: run_id, loop, function, object, place, says, samples, part, rank
-- part is that of the place's call chains. Functions have their linkage names in `says`.
SELECT run_id, loop, function, object, place,
       CASE WHEN object = '[kernel]' THEN coalesce('under ' || via || ' ', '') || 'in ' || caller
            ELSE 'called ' || coalesce('by ' || via || ' ', '') || 'in ' || caller END
       || coalesce(' (' || place || ')', '') AS says,
       samples, part, row_number() OVER (PARTITION BY run_id, loop, function, object ORDER BY samples DESC, says) AS rank
FROM (SELECT *, samples / sum(samples) OVER (PARTITION BY run_id, loop, function, object) AS part FROM (
      SELECT run_id, loop, function, object, caller, file || ':' || line AS place,
             CASE WHEN via IS DISTINCT FROM regexp_replace(function, '@.*', '') THEN via END AS via,
             sum(count)::BIGINT AS samples
      FROM callers GROUP BY ALL))
WHERE caller IS NOT NULL
