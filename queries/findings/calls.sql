-- finds: time in and around small functions that are called again and again, and are not inlined
-- refuted-by: inlined, they take as long as before
-- source: LLVM, InlineCost; Agner Fog, Optimizing software in C++, 7.13 (functions)
WITH counted AS (
    SELECT run_id, function AS symbol, max(function_count) AS calls FROM execution_regions GROUP BY ALL
), kept AS (
    -- why the compiler left the call that is made most often
    SELECT run_id, callee AS symbol, arg_max(reason, (calls, kept, place)) AS reason, arg_max(cost, (calls, kept, place)) AS cost,
           arg_max(threshold, (calls, kept, place)) AS threshold
    FROM call_sites WHERE kept > 0 GROUP BY ALL
), recursive AS (
    SELECT DISTINCT run_id, symbol FROM instructions WHERE kind = 'call' AND regexp_extract(operands, '<([^>+@]+)', 1) = symbol
), called_here AS (
    SELECT DISTINCT run_id, regexp_extract(operands, '<([^>+@]+)', 1) AS symbol FROM instructions WHERE kind IN ('call', 'jump') AND operands NOT LIKE '*%'
), bodies AS (
    -- samples in a function's own code: of one that was inlined everywhere there are none
    SELECT i.run_id, i.symbol, sum(s.samples) AS n FROM instructions i JOIN address_samples s USING (run_id, address) GROUP BY ALL
), inner_calls AS (
    SELECT run_id, loop, list(DISTINCT nullif(regexp_extract(operands, '<([^>+@]+)', 1), '') ORDER BY 1) AS names
    FROM instructions i WHERE kind = 'call' AND loop IS NOT NULL AND machine_loop > 0
      AND EXISTS (FROM instructions o WHERE o.run_id = i.run_id AND o.symbol = regexp_extract(i.operands, '<([^>+@]+)', 1)) GROUP BY ALL
)
SELECT h.run_id, id, CASE WHEN h.loop IS NULL THEN 0.6 ELSE 0.3 END AS strength, NULL::DOUBLE AS part,
       CASE WHEN h.loop IS NULL THEN 'no loop: ' || CASE WHEN h.symbol LIKE '\_%' ESCAPE '\' THEN h.symbol ELSE regexp_replace(h.function, '\(.*', '') END || ' is called ' || coalesce(CASE WHEN c.calls >= 1e6 THEN printf('%.1f million', c.calls / 1e6) ELSE c.calls || '' END || ' times, '
                 || CASE WHEN 1e9 * seconds / c.calls < 1 THEN 'less than a nanosecond' ELSE printf('%.0f ns', 1e9 * seconds / c.calls) END || ' each', 'from loops elsewhere') || CASE WHEN d.symbol IS NULL THEN ', through a pointer' ELSE '' END || coalesce(', ' || called, '') ||
                 CASE WHEN d.symbol IS NULL THEN ''
                      WHEN k.reason = 'TooCostly' THEN ', and not inlined: too costly' || coalesce(' (' || k.cost || ' of ' || k.threshold || ')', '')
                      WHEN k.reason = 'NoDefinition' THEN ', and not inlined: its body is in another unit'
                      WHEN k.reason IS NOT NULL AND r.symbol IS NULL THEN ', and not inlined' ELSE '' END
            ELSE 'each iteration' || coalesce(' takes ' || printf('%.1f', cycles) || ' cycles and', '') || ' calls ' || array_to_string(i.names[1:2], ' and ')
                 || CASE WHEN len(i.names) > 2 THEN ' and ' || (len(i.names) - 2) || ' more' ELSE '' END || ', not inlined' END AS says,
       CASE WHEN r.symbol IS NOT NULL AND h.loop IS NULL THEN 'it calls itself: do more in each call, or put a loop with a stack of its own in place of the recursion'
            WHEN h.loop IS NULL AND starts_with(h.called, 'called by ') THEN 'a library calls it through a pointer: use a form that inlines it (std::sort for qsort, std::lower_bound for bsearch)'
            WHEN h.loop IS NULL AND d.symbol IS NULL THEN 'nothing of it can be inlined: a profile (-fprofile-use: corr optimize tries that) makes a direct call of the likeliest; or a switch, or a template, in place of the pointer'
            WHEN k.reason = 'NeverInline' AND h.loop IS NULL THEN 'the compiler may never inline it (noinline, or variable arguments): take that away, or call less often'
            WHEN k.reason = 'NoDefinition' THEN 'let it be inlined: -flto, or its body in the header'
            ELSE 'let what is called most be inlined: a profile (-fprofile-use: corr optimize tries that), -flto, or always_inline; or call less often' END AS helps,
       NULL AS flags,
       [CASE WHEN h.loop IS NULL THEN {'rows': 'FROM sample_shares WHERE loop IS NULL AND function = ''' || replace(h.symbol, '''', '''''') || '''', 'says': h.samples || ' samples'}
        ELSE {'rows': 'FROM instructions WHERE kind = ''call'' AND ' || here, 'says': len(i.names) || ' functions called'} END] AS evidence
FROM h LEFT JOIN counted c USING (run_id, symbol) LEFT JOIN kept k USING (run_id, symbol) LEFT JOIN inner_calls i USING (run_id, loop) LEFT JOIN recursive r USING (run_id, symbol)
LEFT JOIN called_here d USING (run_id, symbol) LEFT JOIN bodies b USING (run_id, symbol)
WHERE h.own AND (h.loop IS NULL AND b.n > 0.5 * h.samples AND (c.calls > 1000 OR c.calls IS NULL AND called IS NOT NULL) OR len(i.names) > 0)
