namespace BestOfN.Architecture.Tests;

/// <param name="Name">Type, method and types of parameters.</param>
/// <param name="Calls">What its body calls, in order.</param>
internal sealed record CompiledMethod(string Name, IReadOnlyList<CompiledCall> Calls);
