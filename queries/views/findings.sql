-- purpose: what each hot place does with its time, why, what would help and how much at most; the answer first
-- grain: hot place x kind of finding that holds there (a file of queries/findings), the likeliest first
-- columns: run_id, id, rank, place, loop, function, kind, share, seconds, part, ceiling, confidence, strength, says, helps, sentence, evidence, test, refuted_by, source, within, called
-- rank 1 is the place's answer. `part` is how many times faster the place could be at most: its cycles
-- over those that an ideal core and the memory need for the same work, and a tenth more, as times are
-- not known better; `ceiling` what that gives of the whole run (Amdahl, by a share as large as so few
-- samples allow); NULL where it is not known. `evidence` names rows: run its `rows` with `corr sql
-- --run`. `test` is the command that would test the finding.
-- `called`: who calls the code of a header that the loop lies in, in words.
-- `within` is the id of the place whose finding speaks for this one, too; NULL: it speaks for itself.
WITH h AS MATERIALIZED (
    SELECT *, greatest(work_cycles * lanes / lanes_possible, floor_of_memory) AS reach,
           -- what was measured beside what the model has: either alone would bear out any sentence
           CASE WHEN model_cycles IS NULL THEN printf('%.1f cycles an iteration', cycles)
                WHEN cycles IS NULL THEN printf('%.1f cycles an iteration by the model', model_cycles)
                WHEN cycles > 1.3 * model_cycles THEN printf('which explains %.1f of %.1f cycles an iteration', model_cycles, cycles)
                ELSE printf('%.1f cycles an iteration, %.1f by the model', cycles, model_cycles) END AS by_model
    FROM (SELECT *, coalesce(cycles, model_cycles) AS now, coalesce(CASE WHEN span > 2 * l3 THEN bytes * clock / memory END, 0) AS floor_of_memory,
                 '''' || replace(loop, '''', '''''') || '''' AS quoted, 'loop = ''' || replace(loop, '''', '''''') || '''' AS here
          FROM hot_places)
), found AS (
/* every kind */
), limited AS (
    SELECT f.* EXCLUDE (of_time, part, strength), f.strength::DOUBLE AS strength, CASE WHEN 1.1 * f.part < 1 THEN 1 ELSE 1.1 * f.part END AS part, least(0.995, coalesce(f.of_time, h.share + CASE WHEN h.loop LIKE '%.omp%' THEN coalesce(w.waits, 0) ELSE 0 END) + 2 * sqrt(h.share * (1 - h.share) / h.sampled)) AS of_time,
           h.place, h.loop, h.function, h.called, h.share, h.seconds,
           -- the ceiling is that of the vectors that the flags allow; the machine may have wider ones
           f.kind IN ('stride', 'float_order', 'aliasing', 'call', 'early_exit', 'dependence', 'not_vectorised', 'division') AND f.flags IS DISTINCT FROM '-march=native'
           AND 8 * h.element_bytes * h.lanes_possible < h.machine_bits AS by_flags,
           row_number() OVER (PARTITION BY f.run_id, f.id ORDER BY f.strength DESC, f.kind) AS rank
    FROM found f JOIN h USING (run_id, id)
    -- threads wait at the end of a parallel loop for the slowest one, which has less to do then
    LEFT JOIN (SELECT run_id, sum(share) AS waits FROM h WHERE loop IS NULL AND regexp_matches(parse_filename(object), '^lib(g|i)?omp') GROUP BY ALL) w USING (run_id)
    WHERE f.says IS NOT NULL
), valued AS (
    SELECT *, CASE WHEN part = 'infinity' THEN 1 / (1 - of_time) ELSE 1 / (1 - of_time + of_time / part) END AS ceiling,
           CASE WHEN kind = 'unknown' THEN 'unknown' WHEN strength >= 0.9 THEN 'sure' WHEN strength >= 0.7 THEN 'likely' ELSE 'perhaps' END AS confidence
    FROM limited
), units AS (
    -- as a shell takes them: the name of a file may be anything
    SELECT run_id, array_to_string(list_transform(sources, lambda s: CASE WHEN regexp_full_match(s.file, '[A-Za-z0-9_@%+=:,./-]+') THEN s.file
                                                                         ELSE '''' || replace(s.file, '''', '''"''"''') || '''' END), ' ') AS files,
           regexp_replace(array_to_string(flags, ' '), '([\\"$`])', '\\\1', 'g') AS flags,
           CASE WHEN len(run_args) > 0 THEN ' --run-args ''' || replace(array_to_string(run_args, ' '), '''', '''"''"''') || '''' ELSE '' END AS arguments
    FROM runs
), told AS (
    SELECT v.run_id, id, rank, place, loop, function, kind, share, seconds, part, ceiling, confidence, strength, says, helps,
           CASE WHEN kind IN ('too_short', 'setup') THEN '' ELSE place || CASE WHEN loop IS NOT NULL THEN coalesce(', ' || called, '') ELSE '' END || ', ' || printf('%.1f %%', 100 * share) || ': ' END || says || '. ' ||
           upper(helps[1]) || helps[2:] ||
           CASE WHEN ceiling IS NULL THEN CASE WHEN kind IN ('too_short', 'setup', 'unknown') THEN '.' ELSE '; how much it gives is not known.' END
                WHEN kind = 'near_roof' THEN printf(' (at most ×%.2f).', ceiling)
                ELSE ': at most ' || CASE WHEN ceiling >= 10 THEN printf('×%.0f', ceiling) WHEN ceiling < 1.095 THEN printf('×%.2f', ceiling) ELSE printf('×%.1f', ceiling) END || ' for the whole run' || CASE WHEN by_flags THEN ' with the vectors of these flags' ELSE '' END || ' (' || confidence || ').' END AS sentence,
           evidence,
           CASE WHEN v.flags IS NOT NULL AND files <> '' THEN 'corr diff ' || files || arguments || ' --a="' || u.flags || '" --b="' || u.flags || ' ' || v.flags || '"'
                WHEN kind = 'too_short' OR kind = 'setup' THEN 'corr collect ' || files || ' --run-args ...'
                WHEN loop IS NOT NULL AND kind <> 'near_roof' THEN 'corr optimize ' || files || arguments
                ELSE 'corr sql --run ' || v.run_id || ' "FROM hotspots"' END AS test,
           refuted_by, source, within, CASE WHEN loop IS NOT NULL THEN called END AS called
    FROM valued v LEFT JOIN units u ON u.run_id = v.run_id
), names AS (
    -- what has a linkage name in a sentence, as one says it; the longest first, as one may begin another
    SELECT run_id, list(linkage || chr(1) || short ORDER BY length(linkage) DESC) AS spoken FROM functions
    WHERE short IS NOT NULL AND linkage LIKE '\_Z%' ESCAPE '\' GROUP BY run_id
)
SELECT t.* REPLACE (CASE WHEN contains(says, '_Z') THEN list_reduce(list_prepend(says, list_filter(coalesce(n.spoken, []), lambda s: contains(says, split_part(s, chr(1), 1)))), lambda x, s: replace(x, split_part(s, chr(1), 1), split_part(s, chr(1), 2))) ELSE says END AS says,
                    CASE WHEN contains(helps, '_Z') THEN list_reduce(list_prepend(helps, list_filter(coalesce(n.spoken, []), lambda s: contains(helps, split_part(s, chr(1), 1)))), lambda x, s: replace(x, split_part(s, chr(1), 1), split_part(s, chr(1), 2))) ELSE helps END AS helps,
                    CASE WHEN contains(sentence, '_Z') THEN list_reduce(list_prepend(sentence, list_filter(coalesce(n.spoken, []), lambda s: contains(sentence, split_part(s, chr(1), 1)))), lambda x, s: replace(x, split_part(s, chr(1), 1), split_part(s, chr(1), 2))) ELSE sentence END AS sentence,
                    CASE WHEN contains(called, '_Z') THEN list_reduce(list_prepend(called, list_filter(coalesce(n.spoken, []), lambda s: contains(called, split_part(s, chr(1), 1)))), lambda x, s: replace(x, split_part(s, chr(1), 1), split_part(s, chr(1), 2))) ELSE called END AS called)
FROM told t LEFT JOIN names n USING (run_id)
ORDER BY run_id, id, rank
