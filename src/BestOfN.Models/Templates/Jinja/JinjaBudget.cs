namespace BestOfN.Models.Templates.Jinja;

/// <summary>What one rendering may use, so that no template can hang or exhaust the process.</summary>
internal sealed class JinjaBudget
{
    public const int MaxText = 1 << 24;
    private const int MaxSteps = 10_000_000;
    private const int MaxDepth = 200;
    private const int CharactersPerStep = 32;

    private long _steps;
    private int _depth;

    public void Spend(long steps = 1)
    {
        if ((_steps += steps) > MaxSteps)
        {
            throw new JinjaError("the template takes too many steps");
        }
    }

    /// <summary>Accounts for a text that was made or searched.</summary>
    public string Text(string text)
    {
        Characters(text.Length);
        return text;
    }

    /// <summary>Accounts for a text before it is made.</summary>
    public void Characters(long count)
    {
        if (count > MaxText)
        {
            throw new JinjaError("the template makes too long a text");
        }

        Spend(1 + count / CharactersPerStep);
    }

    public void Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw new JinjaError("the template nests too deeply");
        }
    }

    public void Leave() => _depth--;
}
