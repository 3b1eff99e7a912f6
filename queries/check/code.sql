-- purpose: arithmetic of a loop's machine code: widest packed register, packed and scalar instructions
-- grain: loop
-- columns: loop, bits, packed, scalar
-- $run: the run; $loops: keys of the loops. Packed is arithmetic on whole vector registers, scalar
-- that on their lowest element alone.
SELECT loop,
       max(CASE WHEN NOT packed THEN 0 WHEN operands LIKE '%\%zmm%' ESCAPE '\' THEN 512
                WHEN operands LIKE '%\%ymm%' ESCAPE '\' THEN 256
                WHEN operands LIKE '%\%xmm%' ESCAPE '\' THEN 128 ELSE 0 END) AS bits,
       count(*) FILTER (packed) AS packed,
       count(*) FILTER (regexp_matches(mnemonic, '^v?(add|sub|mul|div|max|min|sqrt|fn?m\w+)s[sd]')) AS scalar
FROM (SELECT *, regexp_matches(mnemonic,
          '^v?((add|sub|mul|div|max|min|sqrt|f\w+)p[sd]|p(add|sub|mul|madd|min|max)\w*)') AS packed
      FROM instructions WHERE run_id = $run AND list_contains($loops, loop))
GROUP BY loop
