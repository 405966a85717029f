using System.Collections.Concurrent;

namespace BestOfN.Protocols.OpenAI;

/// <summary>How many choices one call may ask for, by model: what is configured, or what has been learnt from refusals.</summary>
internal sealed class ChoiceLimits(ChoiceCalls calls)
{
    private readonly ConcurrentDictionary<string, int> _learnt = new(StringComparer.Ordinal);

    /// <summary>Whether a refusal may be answered with smaller calls.</summary>
    public bool CanLearn => calls is ChoiceCalls.Auto;

    public int Of(string model) => calls is ChoiceCalls.MultipleCalls ? 1 : _learnt.GetValueOrDefault(model, int.MaxValue);

    /// <summary>Remembers that calls of this size work where larger ones did not.</summary>
    /// <returns>False if that was known.</returns>
    public bool Learn(string model, int limit)
    {
        if (limit >= Of(model))
        {
            return false;
        }

        _learnt[model] = limit;
        return true;
    }
}
