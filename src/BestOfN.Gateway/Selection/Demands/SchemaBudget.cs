using System.Runtime.CompilerServices;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>
/// What the schemas of one request may cost over all its answers. A schema comes from a client, and a small one can ask for endless work.
/// </summary>
internal sealed class SchemaBudget
{
    /// <summary>
    /// Visits of a subschema, each counted with the subschema's size in units of 256 bytes. A plain answer takes a few hundred; all take
    /// about a second.
    /// </summary>
    private const long MostSteps = 300_000;

    private static readonly TimeSpan _mostPatternTime = TimeSpan.FromSeconds(1);

    private long _steps;
    private TimeSpan _patternTime;

    /// <summary>A schema was not understood or cost too much.</summary>
    public bool WasLeftUnchecked { get; private set; }

    public bool IsSpent => _steps > MostSteps || _patternTime > _mostPatternTime;

    /// <exception cref="SchemaTooCostlyException">The budget is spent.</exception>
    /// <exception cref="InsufficientExecutionStackException">The schema refers to itself without end.</exception>
    public void Spend(long steps)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        _steps += steps;
        ThrowIfSpent();
    }

    /// <exception cref="SchemaTooCostlyException">The budget is spent.</exception>
    public void Spend(TimeSpan patternTime)
    {
        _patternTime += patternTime;
        ThrowIfSpent();
    }

    public void LeaveUnchecked() => WasLeftUnchecked = true;

    private void ThrowIfSpent()
    {
        if (IsSpent)
        {
            throw new SchemaTooCostlyException();
        }
    }
}
