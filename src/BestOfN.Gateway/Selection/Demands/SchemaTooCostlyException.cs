namespace BestOfN.Gateway.Selection.Demands;

/// <summary>Ends a check that would take too long.</summary>
internal sealed class SchemaTooCostlyException : Exception;
