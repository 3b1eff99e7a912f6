-- finds: time in and around small functions that are called again and again, and are not inlined
-- refuted-by: inlined, they take as long as before
-- source: LLVM, InlineCost; Agner Fog, Optimizing software in C++, 7.13 (functions)
WITH counted AS (
    SELECT run_id, function AS symbol, max(function_count) AS calls FROM execution_regions GROUP BY ALL
), kept AS (
    -- why the compiler left the call that is made most often
    SELECT run_id, callee AS symbol, arg_max(reason, (coalesce(calls, 0), kept, place)) AS reason,
           arg_max(cost, (coalesce(calls, 0), kept, place)) AS cost,
           arg_max(threshold, (coalesce(calls, 0), kept, place)) AS threshold
    FROM call_sites WHERE kept > 0 GROUP BY ALL
), recursive AS (
    SELECT run_id, symbol, count(*) AS sites FROM instructions WHERE kind = 'call' AND regexp_extract(operands, '<([^>+@]+)', 1) = symbol GROUP BY ALL
), called_here AS (
    SELECT DISTINCT run_id, regexp_extract(operands, '<([^>+@]+)', 1) AS symbol FROM instructions WHERE kind IN ('call', 'jump') AND operands NOT LIKE '*%'
), bodies AS (
    -- samples in a function's own code: of one that was inlined everywhere there are none
    SELECT i.run_id, i.symbol, sum(s.samples) AS n FROM instructions i JOIN address_samples s USING (run_id, address) GROUP BY ALL
), lying AS (
    -- the code that the samples of a function fall into: what is inlined into a handler runs as that
    SELECT run_id, id, arg_max(code, n) AS code FROM (
        SELECT h.run_id, h.id, i.symbol AS code, sum(s.count) AS n FROM h JOIN samples s ON s.run_id = h.run_id AND s.own AND s.loop IS NULL AND s.function = h.symbol
        JOIN instructions i ON i.run_id = s.run_id AND i.address = s.address WHERE h.loop IS NULL AND h.own GROUP BY ALL) GROUP BY ALL
), pointed AS (
    -- what nobody calls by its name, and the place that calls it
    SELECT l.run_id, l.id, l.code, c.at.caller AS caller, c.at.file AS file, c.at.line AS line, c.at.around AS around
    FROM lying l JOIN h USING (run_id, id)
    JOIN (SELECT run_id, function, arg_max({'caller': caller, 'file': file, 'line': line, 'around': caller_loop}, n) AS at
          FROM (SELECT run_id, function, caller, file, line, caller_loop, sum(count) AS n FROM callers WHERE loop IS NULL AND via IS NULL AND caller IS NOT NULL GROUP BY ALL) GROUP BY run_id, function) c
      ON c.run_id = l.run_id AND c.function = h.symbol
    WHERE NOT EXISTS (FROM called_here d WHERE d.run_id = l.run_id AND d.symbol = l.code)
), sized AS (
    SELECT run_id, symbol AS code, count(*) AS length FROM instructions GROUP BY ALL
), group_of AS (
    SELECT p.*, min(p.id) OVER w AS head, sum(h.share) OVER w AS whole, count(*) OVER w AS members, max(z.length) OVER w AS longest,
           any_value(o.share * 0.8) OVER w AS part_around
    FROM pointed p JOIN h USING (run_id, id) JOIN sized z ON z.run_id = p.run_id AND z.code = p.code LEFT JOIN h o ON o.run_id = p.run_id AND o.loop = p.around
    WINDOW w AS (PARTITION BY p.run_id, p.file, p.line)
), inner_calls AS (
    SELECT run_id, loop, list(DISTINCT nullif(regexp_extract(operands, '<([^>+@]+)', 1), '') ORDER BY 1) AS names
    FROM instructions i WHERE kind = 'call' AND loop IS NOT NULL AND machine_loop > 0
      AND EXISTS (FROM instructions o WHERE o.run_id = i.run_id AND o.symbol = regexp_extract(i.operands, '<([^>+@]+)', 1)) GROUP BY ALL
), elsewhere AS (
    -- loops whose calls the compiler could not inline, as the bodies are in other units
    SELECT i.run_id, i.loop, list_sort(list_filter(i.names, lambda n: list_contains(k.symbols, n))) AS names FROM inner_calls i JOIN apart k USING (run_id) WHERE list_has_any(i.names, k.symbols)
), small AS (
    -- callees that take hardly more than a call costs, and the loop that calls them: one cause with what the calls cost there
    SELECT h.run_id, h.id, h.symbol, p.id AS around, h.share
    FROM h JOIN counted c USING (run_id, symbol)
    JOIN (SELECT run_id, function AS symbol, arg_max(caller_loop, n) AS loop, max(n) / sum(n) AS part
          FROM (SELECT run_id, function, caller_loop, sum(count) AS n FROM callers WHERE loop IS NULL AND via IS NULL GROUP BY ALL) GROUP BY ALL) f USING (run_id, symbol)
    JOIN h p ON p.run_id = h.run_id AND p.loop = f.loop JOIN inner_calls i ON i.run_id = p.run_id AND i.loop = p.loop AND list_contains(i.names, h.symbol)
    WHERE h.loop IS NULL AND h.own AND f.part >= 0.5 AND h.seconds * h.clock / c.calls < 30
), joined AS (
    SELECT run_id, around AS id, sum(share) AS theirs FROM small GROUP BY ALL
)
SELECT h.run_id, h.id, CASE WHEN g.members > 1 THEN nullif(g.head, h.id) WHEN list_contains(z.ids, h.id) AND r.symbol IS NULL THEN nullif(z.head, h.id) WHEN r.symbol IS NULL THEN m.around END AS within,
       -- of a few instructions each, hardly more is left of them than of what they compute; the loop around passes arguments
       CASE WHEN g.members > 1 THEN least(1, g.whole + coalesce(g.part_around, 0)) WHEN e.names IS NOT NULL OR list_contains(z.ids, h.id) AND r.symbol IS NULL THEN least(1, z.whole) WHEN w.id IS NOT NULL THEN least(1, h.share + w.theirs) END AS of_time,
       CASE WHEN g.members > 1 THEN 0.75 WHEN h.loop IS NULL THEN 0.6 WHEN e.names IS NOT NULL AND h.instructions < 60 THEN 0.8 WHEN w.id IS NOT NULL THEN 0.45 ELSE 0.3 END AS strength,
       CASE WHEN g.members > 1 AND g.longest <= 30 OR e.names IS NOT NULL OR list_contains(z.ids, h.id) AND r.symbol IS NULL THEN 'infinity'::DOUBLE END AS part,
       CASE WHEN g.members > 1 THEN 'small functions are called through a pointer (a std::function, a callback), ' || g.members || ' places with ' || printf('%.1f %%', 100 * g.whole) || ' of the time together, called in ' || g.caller || ' (' || g.file || ':' || g.line || '): nothing of them is inlined'
            WHEN h.loop IS NULL THEN 'no loop: ' || CASE WHEN h.symbol LIKE '\_%' ESCAPE '\' THEN h.symbol ELSE regexp_replace(h.function, '\(.*', '') END || ' is called ' || coalesce(CASE WHEN c.calls >= 1e6 THEN printf('%.1f million', c.calls / 1e6) ELSE c.calls || '' END || ' times, '
                 || CASE WHEN 1e9 * seconds / c.calls < 1 THEN 'less than a nanosecond' ELSE printf('%.0f ns', 1e9 * seconds / c.calls) END || ' each', 'from loops elsewhere') || CASE WHEN d.symbol IS NULL THEN ', through a pointer' ELSE '' END || coalesce(', ' || called, '') ||
                 CASE WHEN d.symbol IS NULL THEN ''
                      WHEN k.reason = 'TooCostly' THEN ', and not inlined: too costly' || coalesce(' (' || k.cost || ' of ' || k.threshold || ')', '')
                      WHEN k.reason = 'NoDefinition' THEN ', and not inlined: its body is in another unit'
                      WHEN k.reason IS NOT NULL AND r.symbol IS NULL THEN ', and not inlined' ELSE '' END
            ELSE 'each iteration' || coalesce(' takes ' || printf('%.1f', cycles) || ' cycles and', '') || ' calls ' || array_to_string(coalesce(e.names, i.names)[1:2], ' and ')
                 || CASE WHEN len(i.names) > 2 THEN ' and ' || (len(i.names) - 2) || ' more' ELSE '' END || ', not inlined' || CASE WHEN e.names IS NOT NULL THEN ', as ' || CASE WHEN len(e.names) > 1 THEN 'their bodies are' ELSE 'its body is' END || ' in another unit' ELSE '' END END AS says,
       CASE WHEN g.members > 1 THEN 'take what is called as a parameter of a template, in place of std::function or a pointer; or hand over many elements in one call'
            WHEN r.symbol IS NOT NULL AND h.loop IS NULL THEN 'it calls itself: ' || CASE WHEN r.sites > 1 THEN 'where it comes to the same arguments again, keep what it gave for them (a table); else ' ELSE '' END || 'do more in each call, or put a loop with a stack of its own in place of the recursion'
            WHEN h.loop IS NULL AND starts_with(h.called, 'called by ') THEN 'a library calls it through a pointer: use a form that inlines it (std::sort for qsort, std::lower_bound for bsearch)'
            WHEN h.loop IS NULL AND d.symbol IS NULL THEN 'nothing of it can be inlined: a profile (-fprofile-use: corr optimize tries that) makes a direct call of the likeliest; or a switch, or a template, in place of the pointer'
            WHEN k.reason = 'NeverInline' AND h.loop IS NULL THEN 'the compiler may never inline it (noinline, or variable arguments): take that away, or call less often'
            WHEN k.reason = 'NoDefinition' OR e.names IS NOT NULL THEN 'let it be inlined: -flto, or its body in the header'
            -- what the library has as templates is in headers, and not the program's to mark
            WHEN regexp_matches(CASE WHEN h.loop IS NULL THEN h.symbol ELSE i.names[1] END, '^_ZN?K?St') THEN 'a profile (-fprofile-use: corr optimize tries that) lets what is called most be inlined, whose body the compiler sees and finds too large; or call it less often'
            ELSE 'let what is called most be inlined: a profile (-fprofile-use: corr optimize tries that), -flto, or always_inline; or call less often' END AS helps,
       CASE WHEN e.names IS NOT NULL THEN '-flto' END AS flags,
       [CASE WHEN h.loop IS NULL THEN {'rows': 'FROM sample_shares WHERE loop IS NULL AND function = ''' || replace(h.symbol, '''', '''''') || '''', 'says': h.samples || ' samples'}
        ELSE {'rows': 'FROM instructions WHERE kind = ''call'' AND ' || here, 'says': len(i.names) || ' functions called'} END] AS evidence
FROM h LEFT JOIN counted c USING (run_id, symbol) LEFT JOIN kept k USING (run_id, symbol) LEFT JOIN inner_calls i USING (run_id, loop) LEFT JOIN recursive r USING (run_id, symbol)
LEFT JOIN group_of g USING (run_id, id) LEFT JOIN called_here d USING (run_id, symbol) LEFT JOIN bodies b USING (run_id, symbol)
LEFT JOIN apart z ON z.run_id = h.run_id LEFT JOIN elsewhere e ON e.run_id = h.run_id AND e.loop = h.loop LEFT JOIN small m ON m.run_id = h.run_id AND m.id = h.id LEFT JOIN joined w ON w.run_id = h.run_id AND w.id = h.id
WHERE h.own AND (g.members > 1 OR h.loop IS NULL AND b.n > 0.5 * h.samples AND (c.calls > 1000 OR c.calls IS NULL AND called IS NOT NULL) OR len(i.names) > 0)
