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
), led AS MATERIALIZED (
    -- where calls stand that lead into libraries and the kernel, and to what end: what serves one end there goes away together
    SELECT *, CASE WHEN regexp_matches(via, '^_*(malloc|calloc|realloc|reallocarray|c?free|posix_memalign|aligned_alloc|Zn[wa]m.*|Zd[la]Pv.*)$') THEN 'memory'
                   WHEN regexp_matches(via, '^_*(mem(cpy|move|pcpy)$|ZNSt7__cxx1112basic_string.*([0-9]_M_|[CD][12]E|6append|6assign|7replace|7reserve|6resize|pLE|aSE|9push_back))') THEN 'copying'
                   WHEN regexp_matches(via, '^_*(ZNK?S[iod]|ZSt(ls|rs|7getline|4endl|5flush|16__ostream_insert))') THEN 'streams' ELSE via END AS aim
    -- memory that somebody has to fill is touched for the first time by somebody
    FROM callers WHERE caller IS NOT NULL AND via IS NOT NULL AND NOT (object = '[kernel]' AND via LIKE '%memset%')
), ends AS MATERIALIZED (
    -- what is written stands in several lines, and goes out where it is flushed
    SELECT l.run_id, l.caller, CASE WHEN aim <> 'streams' THEN l.file END AS file, CASE WHEN aim <> 'streams' THEN l.line END AS line, CASE WHEN aim = 'copying' THEN 'memory' ELSE aim END AS aim, any_value(caller_loop) AS around, sum(l.count) / any_value(total) AS part
    FROM led l JOIN (SELECT run_id, sum(count) AS total FROM callers GROUP BY run_id) USING (run_id) GROUP BY ALL
), aimed AS MATERIALIZED (
    -- the end that most of a place serves
    SELECT h.run_id, h.id, arg_max({'caller': l.caller, 'file': l.file, 'line': l.line}, n) AS spot, arg_max(l.aim, n) AS aim, arg_max(copied, n) AS copied, max(n) / sum(n) AS part
    FROM h JOIN (SELECT run_id, function, object, caller, CASE WHEN aim <> 'streams' THEN file END AS file, CASE WHEN aim <> 'streams' THEN line END AS line, CASE WHEN aim = 'copying' THEN 'memory' ELSE aim END AS aim, sum(count) AS n, sum(count) FILTER (aim = 'copying') > 0.5 * sum(count) AS copied FROM led WHERE loop IS NULL GROUP BY ALL) l
      ON l.run_id = h.run_id AND l.function = h.symbol AND (l.object = h.object OR h.own)
    WHERE h.loop IS NULL GROUP BY ALL HAVING max(n) >= 0.5 * sum(n)
), apart AS MATERIALIZED (
    -- functions of the program whose bodies other units have, and all that calls them and that they take: one way to link mends it
    SELECT run_id, any_value(symbols) AS symbols, min(id) AS head, sum(share) AS whole, count(*) AS places, list(id) AS ids
    FROM h JOIN (SELECT run_id, list(DISTINCT callee) AS symbols FROM call_sites c WHERE kept > 0 AND reason = 'NoDefinition' AND EXISTS (FROM instructions o WHERE o.run_id = c.run_id AND o.symbol = c.callee) GROUP BY ALL) USING (run_id)
    WHERE h.own AND (h.loop IS NULL AND list_contains(symbols, h.symbol)
                     OR EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.kind = 'call' AND list_contains(symbols, regexp_extract(i.operands, '<([^>+@]+)', 1)))) GROUP BY ALL
), found AS (
/* every kind */
), ranked AS MATERIALIZED (
    -- what leaves nothing to gain is no answer, but that this is so
    SELECT f.* EXCLUDE (strength), f.strength::DOUBLE AS strength,
           row_number() OVER (PARTITION BY f.run_id, f.id ORDER BY coalesce(1.1 * f.part < 1.02, false) AND kind <> 'near_roof', f.strength DESC, f.kind) AS rank
    FROM found f WHERE f.says IS NOT NULL
), headed AS (
    -- of places that serve one end, the one that speaks for them
    SELECT r.run_id, spot, aim, first(r.id ORDER BY kind = 'copies' DESC, kind = 'exceptions' DESC, kind = 'streams' DESC, kind = 'page_faults' DESC, h.share DESC, r.id) AS head,
           first(kind ORDER BY kind = 'copies' DESC, kind = 'exceptions' DESC, kind = 'streams' DESC, kind = 'page_faults' DESC, h.share DESC, r.id) AS head_kind
    FROM ranked r JOIN aimed USING (run_id, id) JOIN h USING (run_id, id)
    WHERE rank = 1 AND within IS NULL AND (r.kind IN ('copies', 'exceptions', 'streams', 'page_faults') AND strength >= 0.9 OR r.kind IN ('library', 'system_calls') AND aim <> 'memory') GROUP BY ALL
), gathered AS (
    SELECT r.* EXCLUDE (within, of_time), CASE WHEN e.head = r.id THEN greatest(coalesce(r.of_time, h.share), n.part) ELSE r.of_time END AS of_time,
           -- whose place says something else first, does not speak for this one
           CASE WHEN e.head <> r.id AND (r.kind IN ('library', 'system_calls', 'page_faults', 'copies', 'unknown') OR r.kind = 'calls' AND h.own)
                     AND NOT (e.head_kind = 'page_faults' AND a.copied) THEN e.head
                WHEN r.kind IN ('calls', 'call') AND within IS NOT NULL AND NOT EXISTS (FROM ranked t WHERE t.run_id = r.run_id AND t.id = r.within AND t.rank = 1 AND t.kind IN ('calls', 'call', 'library')) THEN NULL
                ELSE within END AS within
    FROM ranked r JOIN h USING (run_id, id) LEFT JOIN aimed a USING (run_id, id) LEFT JOIN headed e ON e.run_id = r.run_id AND e.spot = a.spot AND e.aim = a.aim
    LEFT JOIN ends n ON e.head = r.id AND r.kind <> 'copies' AND n.run_id = r.run_id AND n.aim = a.aim AND n.caller = a.spot.caller AND n.file IS NOT DISTINCT FROM a.spot.file AND n.line IS NOT DISTINCT FROM a.spot.line
), limited AS (
    SELECT f.* EXCLUDE (of_time, part), CASE WHEN 1.1 * f.part < 1 THEN 1 ELSE 1.1 * f.part END AS part,
           coalesce(f.of_time, h.share + CASE WHEN h.loop LIKE '%.omp%' THEN coalesce(w.waits, 0) ELSE 0 END) AS spent, least(1, spent + 2 * sqrt(greatest(h.share * (1 - h.share), spent * (1 - spent), 0) / h.sampled)) AS of_time,
           h.place, h.loop, h.function, h.called, h.share, h.seconds,
           -- the ceiling is that of the vectors that the flags allow; the machine may have wider ones
           f.kind IN ('stride', 'float_order', 'aliasing', 'call', 'early_exit', 'dependence', 'not_vectorised', 'division') AND f.flags IS DISTINCT FROM '-march=native'
           AND 8 * h.element_bytes * h.lanes_possible < h.machine_bits AS by_flags
    FROM gathered f JOIN h USING (run_id, id)
    -- threads wait at the end of a parallel loop for the slowest one, which has less to do then
    LEFT JOIN (SELECT run_id, sum(share) AS waits FROM h WHERE loop IS NULL AND regexp_matches(parse_filename(object), '^lib(g|i)?omp') GROUP BY ALL) w USING (run_id)
), valued AS (
    -- where all but a fiftieth may go away, what is left is too little to be told from what starts and ends a program
    SELECT *, CASE WHEN part = 'infinity' THEN 1 / greatest(1 - of_time, 1e-9) ELSE 1 / (1 - of_time + of_time / part) END AS by_amdahl,
           coalesce(of_time > 0.98 AND by_amdahl > 50, false) AS boundless, CASE WHEN NOT boundless THEN by_amdahl END AS ceiling,
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
           CASE WHEN kind IN ('too_short', 'setup') THEN '' ELSE place || CASE WHEN loop IS NOT NULL THEN coalesce(', ' || called, '') ELSE '' END || ', ' || printf('%.1f %%', 100 * share) || CASE WHEN kind IN ('library', 'system_calls', 'calls') AND spent > share + 0.01 AND NOT regexp_matches(says, '%( of the time)? (in all|together|with what)') THEN printf(' (%.1f %%', 100 * spent) || ' with what goes with it)' ELSE '' END || ': ' END || says || '. ' ||
           upper(helps[1]) || helps[2:] ||
           CASE WHEN boundless THEN ': at most nearly all of the run (' || confidence || ').'
                WHEN ceiling IS NULL THEN CASE WHEN kind IN ('too_short', 'setup', 'unknown') THEN '.' ELSE '; how much it gives is not known.' END
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
