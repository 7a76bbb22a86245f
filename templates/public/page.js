{# One script for the help page and the status page; ES5, because old phones scan too. Every word comes from the page. #}
(function(){
 var d=document,G=navigator.geolocation,f=$('f'),m=$('m'),l=$('l'),w=m.dataset,own=f.elements,id=own.request_id.value,n=0,
  mine=own.status.value,u=$('u'),tail=location.search,act,fix,best,watch;
 function $(i){return d.getElementById(i)}
 function say(e,t){if(e.textContent!=t)e.textContent=t}
 {# Each press has its own id, and all share what stands before the ~: the three digits stay the same. #}
 function next(b){b.request_id=id+'~'+ ++n;return b}
 function json(r){if(r.status>499)throw r;return r.json()}
 {# Until it has arrived, however bad the network; the id makes a second arrival harmless. #}
 function post(b,done,wait){
  fetch(f.action,{method:'POST',body:JSON.stringify(b)})
  .then(json).then(done,function(){
   if(b.act!='opened'){say(m,w.retry);if(!wait)m.scrollIntoView()}
   setTimeout(post,wait=Math.min(wait*2||1e3,15e3),b,done,wait)})
 }
 function got(r){
  if(!r.status_url)return say(m,r.error);
  r.incident&&say(m,w.sent);
  u.href=r.page;
  mine=own.status.value=r.status_url;
  u.hidden=!1;
  send();
  poll()
 }
 {# The alert went out without waiting for a place; the place follows onto the same report. A try is told to nobody. #}
 function send(){
  var b=fix;
  if(!b||!mine)return;
  fix=0;
  b.status=mine;
  post(next(b),function(r){
   r.incident&&say($('a'),w.place.replace('#',Math.round(b.accuracy_m)));
   b.accuracy_m>500?ask(w.nofix):say($('e'),'')
  })
 }
 function poll(){
  function again(){setTimeout(poll,4e3)}
  if(d.hidden)return again();
  fetch(mine+tail,{headers:{Accept:'application/json'}}).then(json).then(function(s){
   var t=s.messages||[];
   say(m,s.text||s.error);
   {# The page has other parts now: a photo, a receipt, the phone first. Not under the fingers of somebody who types,
      nor while the phone still looks for its place. #}
   if(s.page!=w.page&&!d.activeElement.select&&!watch)location=mine+tail;
   if(t[l.children.length]){
    l.textContent='';
    t.forEach(function(x){l.appendChild(d.createElement('li')).textContent=w[x.from]+x.text})}
  }).then(again,again)
 }
 function ask(t){say($('e'),t);$('q').focus()}
 function stop(){G.clearWatch(watch);watch=0}
 function locate(){
  if(!G)return ask(w.nofix);
  watch=G.watchPosition(function(p){
   var c=p.coords;
   if(c.accuracy>best*.7)return;
   best=c.accuracy||1;
   fix={act:f.dataset.act||'with_elder',lat:c.latitude,lon:c.longitude,accuracy_m:best};
   send();
   best>20||stop()
  },function(e){best||ask(e.code<2?w.denied:w.nofix)},{enableHighAccuracy:!0,timeout:2e4,maximumAge:15e3});
  setTimeout(stop,6e4)
 }
 d.onclick=function(e){
  var t=e.target.closest('.k,button')||e;
  act=t.value;
  if(t.href)navigator.sendBeacon(f.action,JSON.stringify(next({act:t.dataset.act})));
  {# Words typed already are a place too: then the button sends the form. #}
  if(t.id!='g'||own.place.value)return;
  e.preventDefault();
  if(!mine&&!watch)post(next({act:act}),got);
  locate()
 };
 f.onsubmit=function(e){
  var b=next({});
  e.preventDefault();
  new FormData(f).forEach(function(v,k){b[k]=b[k]||v});
  b.act=act;
  post(b,function(r){r.page?location=r.page:say(m,r.error)})
 };
 if(mine)return poll();
 {# The digits show once the desk can find them; the dots keep their place until then. #}
 $('c').hidden=!1;
 {# A page that somebody really looks at is worth a line on the console, and no more. #}
 setTimeout(function look(){d.hidden?setTimeout(look,1e3):post(next({act:'opened'}),function(){say($('d'),f.dataset.code)})},1e3)
})()
