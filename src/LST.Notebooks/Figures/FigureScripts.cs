namespace LST.Notebooks.Figures;

/// <summary>The few lines of JavaScript that figures bring along.</summary>
internal static class FigureScripts
{
    // Under require.js a library defines itself instead of setting a global: hidden while the script runs. A global Plotly of the page (JupyterLab's
    // own, another version) is put back.
    private const string Run = """
        var w=window,d=w.define,m=w.module,x=w.exports,before=w.Plotly;
        try{if(d&&d.amd)w.define=undefined;w.module=undefined;w.exports=undefined;w.Plotly=undefined;
        var s=document.createElement("script");s.textContent=source;document.head.appendChild(s);s.remove();}
        finally{w.define=d;w.module=m;w.exports=x;}
        var p=w.Plotly;w.Plotly=before;
        """;

    private const string Store = """
        function lstStore(mode,use){try{var o=indexedDB.open("lst-plotly",1);
        o.onupgradeneeded=function(){o.result.createObjectStore("script");};
        o.onerror=function(){use(null);};
        o.onsuccess=function(){try{use(o.result.transaction("script",mode).objectStore("script"));}catch(e){use(null);}};}catch(e){use(null);}}
        """;

    /// <summary>Runs plotly.js and does <paramref name="then"/> with it as <c>p</c>.</summary>
    public static string RunLibrary(string then) => $"(function(){{var source={PlotlyScript.Literal()};{Run}{then}}})();";

    /// <summary>Runs plotly.js unless the page has it, draws the figures that wait, and leaves the script in the browser's store for a page opened again.</summary>
    public static string CarryLibrary() => $$"""
        (function(){if(window.__lstPlotly)return;var source={{PlotlyScript.Literal()}};{{Run}}
        window.__lstPlotly=p;(window.__lstWaiting||[]).splice(0).forEach(function(draw){draw();});
        {{Store}}
        lstStore("readwrite",function(t){if(t)t.put(source,"plotly");});})();
        """;

    /// <summary>Pixels above a live figure for the buttons that plotly.js would lay over its title.</summary>
    public const int Buttons = 26;

    // A figure is laid out in pixels: a column narrower than it gets all of it, smaller.
    private const string Fit = """
        n.style.cssText="position:absolute;top:0;left:0;transform-origin:0 0;width:"+f.layout.width+"px;padding-top:"+room+"px";
        function fit(){var k=e.clientWidth/f.layout.width;n.style.transform=k>0&&k<1?"scale("+k+")":"";}
        function lift(){var b=n.querySelector(".modebar-container");if(b)b.style.top=-room+"px";}
        fit();if(window.ResizeObserver)new ResizeObserver(fit).observe(e);
        """;

    /// <summary>Draws now, or when the library comes, or with the one in the browser's store.</summary>
    public static string DrawLive(string id, string json) => $$"""
        (function(){var f={{json}},e=document.getElementById("{{id}}"),room={{Buttons}},done=false;if(!e)return;
        function draw(){if(done||!window.__lstPlotly)return;done=true;
        var kept=Array.prototype.slice.call(e.childNodes),n=document.createElement("div");e.textContent="";e.appendChild(n);
        {{Fit}}
        window.__lstPlotly.newPlot(n,f.data,f.layout,f.config).then(lift,function(x){e.textContent="";kept.forEach(function(k){e.appendChild(k);});console.error(x);});}
        if(window.__lstPlotly){draw();return;}
        (window.__lstWaiting=window.__lstWaiting||[]).push(draw);
        {{Store}}
        function run(source){if(!window.__lstPlotly){{{Run}}window.__lstPlotly=p;}
        (window.__lstWaiting||[]).splice(0).forEach(function(other){other();});}
        function say(){if(done||window.__lstPlotly)return;var l=document.createElement("p");l.textContent="For the interactive figure, run the notebook's cells again.";e.appendChild(l);}
        setTimeout(function(){if(window.__lstPlotly){draw();return;}
        lstStore("readonly",function(t){if(!t){say();return;}var g=t.get("plotly");
        g.onsuccess=function(){if(g.result)run(g.result);else say();};g.onerror=say;});},1500);})();
        """;
}
