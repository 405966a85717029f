using System.Collections.Concurrent;

namespace BestOfN.Protocols.OpenAI;

/// <summary>What an upstream takes, by model: all that can be asked for, less what it has refused lately.</summary>
/// <remarks>Thread-safe. What has been learnt is forgotten after a while: servers are updated, and a refusal may have been
/// misread.</remarks>
internal sealed class LearntShapes(ChoiceCalls calls, TimeProvider time)
{
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, (CallShape Shape, DateTimeOffset Until)> _learnt = new(StringComparer.Ordinal);

    /// <summary>Whether calls for fewer choices may follow where the upstream refuses the number asked for.</summary>
    public bool CanSplit => calls is ChoiceCalls.Auto;

    public CallShape Of(string model)
    {
        var shape = _learnt.TryGetValue(model, out var known) && time.GetUtcNow() < known.Until ? known.Shape : CallShape.Full;
        return calls is ChoiceCalls.MultipleCalls ? shape with { Choices = 1 } : shape;
    }

    /// <summary>Remembers that calls of this shape work where larger ones did not.</summary>
    /// <returns>False if that was known.</returns>
    public bool Learn(string model, CallShape shape)
    {
        var known = Of(model);
        if (known.And(shape) is var smaller && smaller == known)
        {
            return false;
        }

        _learnt[model] = (smaller, time.GetUtcNow() + Memory);
        return true;
    }
}
