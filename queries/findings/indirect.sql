-- finds: elements are read in the order of an index: their lines come from anywhere in memory, one for each element
-- refuted-by: with the index in ascending order the loop takes as long as before
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Agner Fog, Instruction tables (gather)
WITH held AS (
    SELECT t.run_id, coalesce(max(t.max_rss), max(c.value) * 4096) AS rss FROM timings t LEFT JOIN counters c ON c.run_id = t.run_id AND c.event = 'page-faults' GROUP BY ALL
), registers AS (
    -- what an instruction leaves in its register at most: a mask, or the byte or two that it loads; -1: anything
    SELECT i.run_id, i.machine_loop, i.address, regexp_replace(regexp_replace(regexp_extract(operands, '%(\w+)$', 1), '^(r[0-9]+)[dwb]$', '\1'), '^e?([a-ds][xi]|[bs]p)$|^([a-ds])il$|^([a-d])l$', 'r\1\2\3') AS register,
           coalesce(CASE WHEN regexp_matches(mnemonic, '^and[lq]?$') THEN TRY_CAST(regexp_extract(operands, '^\$(0x[0-9a-f]+|[0-9]+),', 1) AS BIGINT)
                         WHEN starts_with(mnemonic, 'movzb') THEN 255 WHEN starts_with(mnemonic, 'movzw') THEN 65535 END, -1) AS most
    FROM instructions i JOIN h USING (run_id, machine_loop)
    WHERE h.computed_loads > 0 AND store_bytes = 0 AND i.kind NOT IN ('compare', 'branch', 'jump', 'nop') AND regexp_matches(operands, '%\w+$')
), bounded AS (
    -- the bytes that the loads of a loop can reach; NULL where one is not known
    SELECT run_id, machine_loop, CASE WHEN count(*) = count(bytes) THEN max(bytes) END AS reached
    FROM (SELECT run_id, machine_loop, address, max(CASE WHEN most >= 0 THEN scale * most END) AS bytes
          FROM (SELECT f.run_id, f.machine_loop, f.address, coalesce(TRY_CAST(regexp_extract(f.through, '([248])\*', 1) AS BIGINT), 1) AS scale, arg_max(r.most, r.address) AS most
                FROM instructions f JOIN h USING (run_id, machine_loop) LEFT JOIN registers r ON r.run_id = f.run_id AND r.machine_loop = f.machine_loop AND r.address < f.address
                 AND list_contains(list_transform(string_split(f.through, '+'), lambda x: regexp_replace(x, '^[0-9]+\*', '')), r.register)
                WHERE f.load_bytes > 0 AND f.moves = 'computed' AND NOT f.stack AND f.kind <> 'gather' GROUP BY f.run_id, f.machine_loop, f.address, f.through, r.register)
          GROUP BY ALL)
    GROUP BY ALL
), simulated AS (
    SELECT run_id, loop, sum(l1_read_misses) / nullif(sum(reads), 0) AS missed FROM cachegrind_sums GROUP BY ALL
)
SELECT h.run_id, id, CASE WHEN cycles > 2 * model_cycles THEN CASE WHEN rss > 2 * l2 THEN 0.9 ELSE 0.72 END ELSE 0.55 END AS strength,
       cycles / least(model_cycles, cycles) AS part,
       CASE WHEN indexed_loads > 0 THEN 'elements are read in the order of an index, from anywhere in memory' ELSE 'elements are read at places that are computed, from anywhere in memory' END || CASE WHEN cycles > 1.5 * model_cycles
            THEN ': ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows no caches, expects ' || printf('%.1f', model_cycles) ELSE '' END AS says,
       CASE WHEN regexp_matches(function, '(lower|upper)_bound|binary_search|bsearch|equal_range')
            THEN 'a binary search meets a new line at each step: sort what is looked for, or lay the keys out as a tree of blocks (B-tree, Eytzinger)'
            WHEN indexed_loads = 0 THEN 'do in blocks what lies near together, or lay the elements out in the order of their use'
            ELSE 'sort the index, or lay the elements out in the order of their use' END AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE (kind = ''gather'' AND origin IS DISTINCT FROM ''numbers'' OR load_bytes > 0 AND moves = ''computed'') AND machine_loop = ' || machine_loop,
         'says': 'loads whose address is made anew in each pass'}] AS evidence
FROM h LEFT JOIN held USING (run_id) LEFT JOIN bounded USING (run_id, machine_loop) LEFT JOIN simulated USING (run_id, loop)
WHERE loop IS NOT NULL AND (indexed_loads > 0 AND cycles > 1.6 * model_cycles OR computed_loads > 0 AND cycles > 2.5 * model_cycles AND coalesce(trip_count, 9) > 2)
  AND chased_loads = 0 AND NOT calls AND row_loads = 0
  -- what the first cache holds is no reason
  AND NOT (coalesce(reached, l1 + 1) <= l1 AND gathers = 0) AND coalesce(missed, 1) > 0.003
