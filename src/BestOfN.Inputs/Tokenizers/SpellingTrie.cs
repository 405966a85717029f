namespace BestOfN.Inputs.Tokenizers;

/// <summary>Finds the longest of a set of spellings at a position of a text.</summary>
internal sealed class SpellingTrie
{
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<int> _ids = [-1];

    public SpellingTrie(IEnumerable<KeyValuePair<string, int>> spellings)
    {
        foreach (var (spelling, id) in spellings.Where(s => s.Key.Length > 0))
        {
            var node = 0;
            foreach (var c in spelling)
            {
                if (!_edges.TryGetValue((node, c), out var next))
                {
                    next = _ids.Count;
                    _edges.Add((node, c), next);
                    _ids.Add(-1);
                }

                node = next;
            }

            _ids[node] = id;
        }
    }

    /// <returns>The length of the match, 0 if no spelling begins at <paramref name="start"/>.</returns>
    public int Match(ReadOnlySpan<char> text, int start, out int id)
    {
        (id, var node, var length) = (-1, 0, 0);
        for (var i = start; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
        {
            if (_ids[node] >= 0)
            {
                (id, length) = (_ids[node], i - start + 1);
            }
        }

        return length;
    }
}
