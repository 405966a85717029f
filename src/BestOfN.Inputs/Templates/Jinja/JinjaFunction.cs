namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>A macro, a method bound to its value, or a function given to the template.</summary>
internal delegate object? JinjaFunction(JinjaArguments arguments);
