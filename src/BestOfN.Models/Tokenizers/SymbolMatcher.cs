namespace BestOfN.Models.Tokenizers;

/// <summary>Finds the longest of a set of spellings at a place in a text.</summary>
internal sealed class SymbolMatcher
{
    private readonly Dictionary<char, List<(string Spelling, int Id)>> _byFirst = [];

    public SymbolMatcher(IReadOnlyDictionary<string, int> symbols)
    {
        foreach (var (spelling, id) in symbols.Where(s => s.Key.Length > 0).OrderByDescending(s => s.Key.Length))
        {
            if (!_byFirst.TryGetValue(spelling[0], out var list))
            {
                _byFirst.Add(spelling[0], list = []);
            }

            list.Add((spelling, id));
        }
    }

    /// <summary>Length 0 where none matches.</summary>
    public (int Length, int Id) Match(string text, int at)
    {
        if (_byFirst.TryGetValue(text[at], out var list))
        {
            foreach (var (spelling, id) in list)
            {
                if (string.CompareOrdinal(text, at, spelling, 0, spelling.Length) == 0)
                {
                    return (spelling.Length, id);
                }
            }
        }

        return default;
    }
}
