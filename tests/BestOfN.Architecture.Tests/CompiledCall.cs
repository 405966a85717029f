namespace BestOfN.Architecture.Tests;

/// <param name="Name">Type, method and types of parameters.</param>
/// <param name="IsKept">The result goes into a variable or a field, or is returned.</param>
internal sealed record CompiledCall(string Name, bool IsKept);
